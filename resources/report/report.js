"use strict";

const PAPER_WIDTH = 660; // px: A4 less the margins of report.css, at 96 px per inch

function drawCharts(size) {
  document.querySelectorAll(".drawing").forEach((drawing, number) => {
    const { data, layout } = structuredClone(CHARTS[number]);
    Plotly.purge(drawing);
    Plotly.newPlot(drawing, data, { ...layout, ...size }, { responsive: true, displayModeBar: false, displaylogo: false });
  });
}

drawCharts({ autosize: true });
// Charts are drawn in pixels and would run over the edge of the paper. They are drawn anew because a change
// of size is animated, and the printer does not wait for that.
addEventListener("beforeprint", () => drawCharts({ autosize: false, width: PAPER_WIDTH }));
addEventListener("afterprint", () => drawCharts({ autosize: true }));

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
