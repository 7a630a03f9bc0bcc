(function () {
  var box = document.getElementById("q");
  document.addEventListener("keydown", function (event) {
    var at = document.activeElement;
    var typing = at && (/^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName) || at.isContentEditable);
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) { return; }
    event.preventDefault();
    box.focus();
    box.select();
  });
})();
