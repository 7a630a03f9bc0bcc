(function () {
  var button = document.getElementById("theme");
  if (!button) { return; }
  button.hidden = false;
  button.addEventListener("click", function () {
    var root = document.documentElement;
    var dark = window.matchMedia("(prefers-color-scheme: dark)").matches;
    var now = root.dataset.theme || (dark ? "dark" : "light");
    root.dataset.theme = now === "dark" ? "light" : "dark";
  });
})();
