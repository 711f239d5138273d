"use strict";

const PAPER_WIDTH = 660; // px: A4 less the margins of report.css, at 96 px per inch

const plots = [...document.querySelectorAll(".plot")];
plots.forEach((plot, number) => {
  const { data, layout } = CHARTS[number];
  Plotly.newPlot(plot, data, layout, { responsive: true, displayModeBar: false, displaylogo: false });
});

// Charts are drawn in pixels and would run over the edge of the paper.
addEventListener("beforeprint", () => plots.forEach((plot) => Plotly.relayout(plot, { autosize: false, width: PAPER_WIDTH })));
addEventListener("afterprint", () => plots.forEach((plot) => Plotly.relayout(plot, { autosize: true, width: null })));

document.querySelectorAll(".command button").forEach((button) => {
  const text = button.nextElementSibling;
  const label = button.textContent;
  button.addEventListener("click", () => {
    // Selecting works for files opened from disk, where browsers may refuse the clipboard.
    getSelection().selectAllChildren(text);
    document.execCommand("copy");
    button.textContent = button.dataset.copied;
    setTimeout(() => (button.textContent = label), 2000);
  });
});
