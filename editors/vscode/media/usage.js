// The script of the usage view: a time and a grouping to choose, the report's own charts, and the editor's colours whenever they change.
(function () {
  'use strict';
  const editor = acquireVsCodeApi();
  const root = document.getElementById('report');
  const since = document.getElementById('since');
  const by = document.getElementById('by');
  const said = document.getElementById('said');

  const ask = () => {
    const asked = { since: since.value, by: by.value };
    editor.setState(asked);
    root.setAttribute('aria-busy', 'true');
    editor.postMessage(asked);
  };

  window.addEventListener('message', ({ data }) => {
    root.removeAttribute('aria-busy');
    if (data.message) {
      said.textContent = data.message;
      return;
    }
    const place = window.scrollY;
    window.byokReport.show(root, data.report);
    window.scrollTo(0, place);
    said.textContent = '';
  });

  // The editor sets its colours on the root element, and changes them there when the theme changes.
  new MutationObserver(() => window.byokReport.redraw()).observe(document.documentElement, { attributes: true, attributeFilter: ['style'] });

  const before = editor.getState();
  if (before) {
    since.value = before.since;
    by.value = before.by;
  }
  since.addEventListener('change', ask);
  by.addEventListener('change', ask);
  ask();
})();
