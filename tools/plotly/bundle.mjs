// Builds resources/report/plotly.min.js, the part of plotly.js that core/report/charts.py draws with, and the licences of
// what is in it. Run by `make plotly` after the versions in package.json have changed; reports need none of this.

import { build } from "esbuild";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const [target] = process.argv.slice(2);
const TRACES = ["bar", "heatmap", "sankey"]; // scatter is always there

const traces = TRACES.map((trace) => `require("plotly.js/lib/${trace}")`).join(", ");
const version = JSON.parse(readFileSync(join(here, "package.json"), "utf8")).dependencies["plotly.js"];
const result = await build({
  stdin: {
    contents: `const Plotly = require("plotly.js/lib/core"); Plotly.register([${traces}]); module.exports = Plotly;`,
    resolveDir: here,
  },
  bundle: true,
  minify: true,
  metafile: true,
  format: "iife",
  globalName: "Plotly",
  target: "es2017",
  define: { global: "window" },
  loader: { ".css": "empty" }, // of maps that need a server, which no report draws
  legalComments: "none",
  banner: { js: `/* plotly.js ${version} (scatter, ${TRACES.join(", ")}), MIT; licences in plotly.LICENSE.txt */` },
  outfile: join(target, "plotly.min.js"),
});

const folders = new Set();
for (const [input, { bytesInOutput }] of Object.entries(Object.values(result.metafile.outputs)[0].inputs)) {
  const found = input.match(/^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//);
  if (found && bytesInOutput && !input.endsWith(".css")) folders.add(found[1]);
}
const licences = [...folders].sort().map((folder) => {
  const about = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  const text = file ? readFileSync(join(folder, file), "utf8").trim() : `${about.license}; by ${about.author?.name ?? about.author}`;
  return `${about.name} ${about.version}\n\n${text}`;
});
const rule = `\n\n${"-".repeat(80)}\n\n`;
writeFileSync(
  join(target, "plotly.LICENSE.txt"),
  `plotly.min.js holds parts of these packages, built by tools/plotly.${rule}${licences.join(rule)}\n`.replace(/\r/g, "").replace(/[ \t]+$/gm, ""),
);
