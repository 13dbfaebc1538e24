/* Where the remote is. Things that can be chosen carry `data-choice`; one of them always has the focus while there is
   any. Arrows move by what lies nearest in that direction on the screen. Layers stack: only the top one can be reached. */
(function (Lareira) {
  'use strict';

  var layers = [];
  var current = null;

  function top() { return layers[layers.length - 1] || null; }

  function choices(root) {
    var list = root.querySelectorAll('[data-choice]'), seen = [], i;
    for (i = 0; i < list.length; i += 1) {
      if (!list[i].disabled && list[i].offsetWidth > 0) { seen.push(list[i]); }
    }
    return seen;
  }

  function inside(node) { return !!(node && top() && top().root.contains(node) && !node.disabled && node.offsetWidth > 0); }

  function set(node) {
    if (!inside(node)) { return false; }
    if (current && current !== node) { current.classList.remove('is-focused'); }
    current = node;
    top().last = node;
    node.classList.add('is-focused');
    try { node.focus({ preventScroll: true }); } catch (old) { node.focus(); }
    reveal(node);
    if (node.onreach) { node.onreach(); }
    return true;
  }

  /* Scrolls the nearest box that scrolls, so that the chosen thing stands wholly in it. */
  function reveal(node) {
    var box = node.parentNode;
    while (box && box !== document.body && !(box.classList && box.classList.contains('scrolls'))) { box = box.parentNode; }
    if (!box || box === document.body) { return; }
    var a = node.getBoundingClientRect(), b = box.getBoundingClientRect(), room = a.height * 0.15;
    if (a.top - room < b.top) {
      box.scrollTop -= b.top - a.top + room;
    } else if (a.bottom + room > b.bottom) {
      box.scrollTop += a.bottom - b.bottom + room;
    }
  }

  /* Puts the focus right when what had it is gone. */
  function ensure() {
    var layer = top();
    if (!layer) { return; }
    if (inside(current)) { return; }
    if (current) { current.classList.remove('is-focused'); current = null; }
    if (inside(layer.last)) { set(layer.last); return; }
    var first = layer.root.querySelector('[data-first]');
    if (first && set(first)) { return; }
    /* What stands in a page comes before what stands in its head. */
    var all = choices(layer.root), inner = all.filter(function (node) { return !node.classList.contains('quiet'); });
    if (all.length) { set(inner[0] || all[0]); }
  }

  /* The nearest choice in a direction: the way along it, plus twice the way off it. Overlap across counts as none. */
  function move(direction) {
    ensure();
    if (!current) { return false; }
    var from = current.getBoundingClientRect(), best = null, least = Infinity;
    choices(top().root).forEach(function (node) {
      if (node === current) { return; }
      var to = node.getBoundingClientRect(), along, across;
      if (direction === 'left' || direction === 'right') {
        along = direction === 'right' ? to.left - from.right : from.left - to.right;
        across = gap(from.top, from.bottom, to.top, to.bottom);
        if (across > 0) { return; }
      } else {
        along = direction === 'down' ? to.top - from.bottom : from.top - to.bottom;
        across = gap(from.left, from.right, to.left, to.right);
      }
      if (along < -Math.min(from.height, to.height) * 0.3) { return; }
      /* From a wide row down to its buttons, the first of them is the next, not the one under the row's middle. */
      var middle = direction === 'left' || direction === 'right' ? Math.abs(mid(from.top, from.bottom) - mid(to.top, to.bottom)) :
        Math.min(Math.abs(mid(from.left, from.right) - mid(to.left, to.right)), Math.abs(from.left - to.left));
      var far = Math.max(0, along) + across * 2 + middle * 0.1;
      if (far < least) { least = far; best = node; }
    });
    return best ? set(best) : false;
  }

  function mid(a, b) { return (a + b) / 2; }
  function gap(a1, a2, b1, b2) { return Math.max(0, b1 - a2, a1 - b2); }

  function push(root) {
    if (top()) { top().last = current; }
    layers.push({ root: root, last: null });
    ensure();
  }

  /* A page lies under whatever stands over the pages. */
  function lay(root) {
    layers.unshift({ root: root, last: null });
    ensure();
  }

  function pop(root) {
    layers = layers.filter(function (layer) { return layer.root !== root; });
    ensure();
  }

  function choose() {
    ensure();
    if (!current) { return false; }
    current.click();
    return true;
  }

  /* Pointers: what is pointed at has the focus, as on remotes with a cursor. */
  document.addEventListener('mouseover', function (event) {
    var node = event.target;
    while (node && node !== document.body) {
      if (node.hasAttribute && node.hasAttribute('data-choice')) { if (node !== current) { set(node); } return; }
      node = node.parentNode;
    }
  });
  /* Pressing beside everything takes the focus from nothing. */
  document.addEventListener('mousedown', function (event) {
    var node = event.target;
    while (node && node !== document.body && !(node.hasAttribute && node.hasAttribute('data-choice'))) { node = node.parentNode; }
    if (!node || node === document.body) { event.preventDefault(); }
  });
  document.addEventListener('focusout',
    function () {
      setTimeout(function () { if (document.activeElement !== current) { var kept =
        current; if (inside(kept)) { set(kept); } else { ensure(); } } }, 0);
    });

  Lareira.focus = { push: push, lay: lay, pop: pop, set: set, move: move, choose: choose, ensure: ensure,
    current: function () { return current; }, topRoot: function () { return top() && top().root; } };
}(window.Lareira = window.Lareira || {}));
