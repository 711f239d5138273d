"use strict";

const PAPER_WIDTH = 660; // px: A4 less the margins of report.css, at 96 px per inch
const HALF_PAPER = 322; // px: two charts beside each other
const CHART_WIDTH = 1000; // px of a saved chart; pictures have three times as many
const MAP_WIDTH = 2000; // px of a saved map
const INK = "#1f2937", SOFT = "#5b6472";

function drawCharts(part = document, printed = false) {
  part.querySelectorAll(".drawing").forEach((drawing) => {
    if (!drawing.offsetParent) return; // within a folded part there is no width to draw in
    const { data, layout } = structuredClone(CHARTS[drawing.id.slice("chart-".length)]);
    const height = printed ? Number(drawing.dataset.paper) : layout.height;
    const width = drawing.closest(".beside") ? HALF_PAPER : PAPER_WIDTH;
    const size = printed ? { autosize: false, width, font: { ...layout.font, size: 11 } } : { autosize: true };
    drawing.style.height = `${height}px`;
    Plotly.purge(drawing);
    Plotly.newPlot(drawing, data, { ...layout, height, ...size }, { responsive: true, displayModeBar: false, displaylogo: false });
  });
}

// On paper two figures that half the width suffices stand beside each other; one by itself takes the whole width.
document.querySelectorAll(".half").forEach((figure) => {
  const beside = [figure.previousElementSibling, figure.nextElementSibling];
  figure.classList.toggle("beside", beside.some((other) => other?.classList.contains("half")));
});

drawCharts();
// Charts are drawn in pixels and would run over the edge of the paper. They are drawn anew because a change
// of size is animated, and the printer does not wait for that.
addEventListener("beforeprint", () => drawCharts(document, true));
addEventListener("afterprint", () => drawCharts());
document.querySelectorAll("details").forEach((part) => part.addEventListener("toggle", () => drawCharts(part)));

// Saving

/** What a chart or map is saved as: its name, without what file systems refuse. */
function fileName(figure) {
  return figure.dataset.name.trim().replace(/[\\/:*?"<>|\s\u0000-\u001f]+/g, "_").slice(0, 80).replace(/[._]+$/, "") || "figure";
}

function saveChart(figure, format) {
  const drawing = figure.querySelector(".drawing");
  const { height } = CHARTS[drawing.id.slice("chart-".length)].layout;
  const size = { width: CHART_WIDTH, height, scale: format === "png" ? 3 : 1 };
  Plotly.downloadImage(drawing, { format, filename: fileName(figure), ...size });
}

function saveMap(figure) {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d");
  canvas.width = MAP_WIDTH;
  const height = drawMap(context, figure); // the first time for the height alone
  canvas.height = Math.ceil(height);
  drawMap(context, figure);
  canvas.toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `${fileName(figure)}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  });
}

/** Draws the pictures of a map with their legend; returns the height that this takes. */
function drawMap(context, figure) {
  const pictures = [...figure.querySelectorAll(".picture")];
  const across = Number(figure.querySelector(".pictures").dataset.across);
  const gap = 50;
  const width = (MAP_WIDTH - gap * (across + 1)) / across;
  context.fillStyle = "#fff";
  context.fillRect(0, 0, MAP_WIDTH, context.canvas.height);
  let top = gap, lowest = top;
  pictures.forEach((picture, number) => {
    if (number % across === 0) top = lowest;
    lowest = Math.max(lowest, drawPicture(context, picture, gap + (number % across) * (width + gap), top, width));
  });
  return drawLegend(context, figure, gap, lowest + 20) + gap;
}

function write(context, text, x, y, { size = 28, colour = INK, bold = false, align = "left" } = {}) {
  context.font = `${bold ? "600 " : ""}${size}px ${getComputedStyle(document.body).fontFamily}`;
  context.fillStyle = colour;
  context.textAlign = align;
  context.textBaseline = "top";
  context.fillText(text, x, y);
  return context.measureText(text).width;
}

function drawPicture(context, picture, left, top, width) {
  const title = picture.querySelector(".picture-title");
  if (title) {
    write(context, title.textContent, left, top, { size: 32, bold: true });
    top += 48;
  }
  const image = picture.querySelector("img");
  const height = width / parseFloat(image.style.aspectRatio);
  context.imageSmoothingEnabled = !image.classList.contains("coarse");
  context.drawImage(image, left, top, width, height);
  const overlay = picture.querySelector(".overlay");
  if (overlay) context.drawImage(overlay, left, top, width, height);
  context.strokeStyle = "#cbd0d8";
  context.lineWidth = 2;
  context.strokeRect(left, top, width, height);
  const foot = top + height + 20;
  const scale = picture.querySelector(".scale");
  if (scale) {
    const length = (width * parseFloat(scale.style.width)) / 100;
    context.strokeStyle = INK;
    context.lineWidth = 3;
    context.beginPath();
    [[0, 0], [0, 12], [length, 12], [length, 0]].forEach(([x, y]) => context.lineTo(left + x, foot + y));
    context.stroke();
    write(context, scale.textContent, left, foot + 22, { size: 24, colour: SOFT });
  }
  const north = picture.querySelector(".north");
  if (north) {
    const tip = left + width - 60;
    context.fillStyle = INK;
    context.beginPath();
    [[0, 0], [14, 40], [0, 30], [-14, 40]].forEach(([x, y]) => context.lineTo(tip + x, foot + y));
    context.fill();
    write(context, north.textContent.trim(), tip + 24, foot + 6, { colour: SOFT });
  }
  return foot + 70;
}

function drawLegend(context, figure, left, top) {
  const bar = figure.querySelector(".ramp-bar");
  const width = MAP_WIDTH * 0.45;
  if (bar) {
    const colours = bar.dataset.colours.split(", ");
    const ramp = context.createLinearGradient(left, 0, left + width, 0);
    colours.forEach((colour, number) => ramp.addColorStop(number / (colours.length - 1), colour));
    context.fillStyle = ramp;
    context.fillRect(left, top, width, 32);
    const ticks = [...figure.querySelectorAll(".ramp-ticks span")];
    ticks.forEach((tick, number) => {
      const align = number === 0 ? "left" : number === ticks.length - 1 ? "right" : "center";
      write(context, tick.textContent, left + (width * number) / (ticks.length - 1), top + 42, { align });
    });
    write(context, figure.querySelector(".ramp-unit").textContent, left, top + 80);
    top += 120;
    if (!figure.querySelector(".classes")) return top;
  }
  let x = left;
  figure.querySelectorAll(".classes li").forEach((item) => {
    context.font = `28px ${getComputedStyle(document.body).fontFamily}`;
    const needed = 60 + context.measureText(item.textContent).width;
    if (x > left && x + needed > MAP_WIDTH - left) {
      x = left;
      top += 46;
    }
    context.fillStyle = item.querySelector(".swatch").style.backgroundColor;
    context.fillRect(x, top + 2, 42, 26);
    context.strokeStyle = "#0003";
    context.lineWidth = 1;
    context.strokeRect(x, top + 2, 42, 26);
    write(context, item.textContent, x + 54, top);
    x += needed + 40;
  });
  return top + 46;
}

document.querySelectorAll(".save button").forEach((button) => {
  const figure = button.closest("figure");
  const save = figure.classList.contains("map") ? saveMap : saveChart;
  button.addEventListener("click", () => save(figure, button.dataset.format));
});

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
