(function () {
  var held = document.getElementById("map-data");
  if (!held) { return; }
  var data = JSON.parse(held.textContent);
  var slider = document.getElementById("time");
  var shown = document.getElementById("time-shown");
  var caption = document.getElementById("caption");
  var shares = document.getElementById("shares");
  var play = document.getElementById("play");
  var last = data.hours.length - 1;
  var timer = null;

  function each(selector, act) { Array.prototype.forEach.call(document.querySelectorAll(selector), act); }

  function show(frame) {
    var hours = data.hours[frame];
    each("rect[data-l]", function (level) {
      var height = Number(level.dataset.h) * data.levels[level.dataset.l][frame];
      var top = Number(level.dataset.y) - height;
      level.setAttribute("y", top);
      level.setAttribute("height", height);
      level.nextElementSibling.setAttribute("transform", "translate(0 " + top + ")");
    });
    each(".m-edge", function (edge) {
      edge.querySelector(".m-flow").setAttribute("opacity", data.opacities[edge.dataset.e][frame]);
    });
    each(".m-node", function (node) {
      node.setAttribute("aria-label", node.dataset.w + ": " + Math.round(100 * data.levels[node.dataset.n][frame]) + " % full");
    });
    each(".m-clock", function (clock) { clock.textContent = hours + " h"; });
    each("#shares b", function (number, i) { number.textContent = data.shares[i][frame]; });
    shown.textContent = hours + " h";
    slider.setAttribute("aria-valuetext", hours + " hours after the drug");
    if (caption.textContent !== data.captions[frame]) { caption.textContent = data.captions[frame]; }
  }

  function stop() {
    window.clearInterval(timer);
    timer = null;
    play.textContent = "Play";
  }

  function step() {
    if (Number(slider.value) >= last) { stop(); return; }
    slider.value = Number(slider.value) + 1;
    show(Number(slider.value));
    if (Number(slider.value) >= last) { stop(); }
  }

  play.addEventListener("click", function () {
    if (timer) { stop(); return; }
    if (Number(slider.value) >= last) { slider.value = 0; show(0); }
    play.textContent = "Pause";
    timer = window.setInterval(step, data.pace);
  });
  slider.addEventListener("input", function () { stop(); show(Number(slider.value)); });

  var choice = document.getElementById("choice");
  var all = document.getElementById("show-all");

  function clear() {
    each(".m-map", function (map) { map.classList.remove("has-chosen"); });
    each(".m-map .on", function (part) { part.classList.remove("on"); });
    each(".m-node", function (node) { node.setAttribute("aria-pressed", "false"); });
    choice.textContent = data.hint;
    all.hidden = true;
  }

  function choose(id, words) {
    var keep = {};
    var lines = 0;
    clear();
    keep[id] = true;
    each(".m-map", function (map) { map.classList.add("has-chosen"); });
    each(".m-edge", function (edge) {
      var ends = (edge.dataset.from + " " + edge.dataset.to).trim().split(/\s+/);
      if (ends.indexOf(id) < 0) { return; }
      edge.classList.add("on");
      lines += 1;
      ends.forEach(function (end) { keep[end] = true; });
    });
    each(".m-node", function (node) {
      if (keep[node.dataset.n]) { node.classList.add("on"); }
      node.setAttribute("aria-pressed", String(node.dataset.n === id));
    });
    choice.textContent = "Only what touches: " + words + " (" + lines / document.querySelectorAll(".m-map").length + " lines).";
    all.hidden = false;
  }

  each(".m-node", function (node) {
    node.setAttribute("role", "button");
    node.setAttribute("tabindex", "0");
    node.setAttribute("aria-pressed", "false");
    function toggle() {
      if (node.getAttribute("aria-pressed") === "true") { clear(); } else { choose(node.dataset.n, node.dataset.w); }
    }
    node.addEventListener("click", toggle);
    node.addEventListener("keydown", function (event) {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); toggle(); }
    });
  });
  all.addEventListener("click", clear);
  document.addEventListener("keydown", function (event) { if (event.key === "Escape") { clear(); } });

  clear();
  play.hidden = false;
  slider.disabled = false;
  slider.value = 0;
})();
