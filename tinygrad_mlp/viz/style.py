"""The colours, lines and letters of the picture, as CSS."""

STYLE = """
.tape-picture {
  --tape-paper: #ffffff; --tape-ink: #16202c; --tape-quiet: #55606e; --tape-line: #4a5563;
  --tape-operator: #eef3fd; --tape-operator-line: #2a5bb0;
  --tape-leaf: #eaf7ee; --tape-leaf-line: #1d7440;
  --tape-constant: #f6f6f3; --tape-constant-line: #6a6a64;
  --tape-module: #fdf3df; --tape-module-line: #8a5a08;
  --tape-group: #0f20380a; --tape-group-line: #9aa5b3;
  --tape-saved: #7b3294; --tape-bad: #b3141f; --tape-badge: #16202c; --tape-on-badge: #ffffff;
  font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, "Liberation Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  .tape-picture {
    --tape-paper: #0e131a; --tape-ink: #e8ecf2; --tape-quiet: #a3aebb; --tape-line: #94a0ae;
    --tape-operator: #17243a; --tape-operator-line: #7fabf5;
    --tape-leaf: #14291c; --tape-leaf-line: #6ecb8d;
    --tape-constant: #1f2224; --tape-constant-line: #a5a8a2;
    --tape-module: #2e2412; --tape-module-line: #dfae5a;
    --tape-group: #ffffff0a; --tape-group-line: #5b6776;
    --tape-saved: #d29be8; --tape-bad: #ff7b7b; --tape-badge: #e8ecf2; --tape-on-badge: #0e131a;
  }
}
.tape-picture .paper { fill: var(--tape-paper); }
.tape-picture text { fill: var(--tape-ink); font-size: 11px; }
.tape-picture .title { font-size: 15px; font-weight: 700; }
.tape-picture .heading { font-size: 13px; font-weight: 700; }
.tape-picture .middle, .tape-picture .badge-text, .tape-picture .arrow-label text { text-anchor: middle; }
.tape-picture .number { fill: var(--tape-quiet); text-anchor: end; }
.tape-picture .group rect { fill: var(--tape-group); stroke: var(--tape-group-line); stroke-dasharray: 1 4;
  stroke-linecap: round; stroke-width: 1.6; }
.tape-picture .group .name { fill: var(--tape-quiet); font-weight: 700; }
.tape-picture .arrow path { fill: none; stroke: var(--tape-line); stroke-width: 1.4; }
.tape-picture .head { fill: var(--tape-line); }
.tape-picture .arrow-label text { fill: var(--tape-quiet); font-size: 10px; }
.tape-picture .arrow-label rect { fill: var(--tape-paper); stroke: var(--tape-group-line); stroke-width: 0.6; }
.tape-picture .arrow-label .parameter { font-style: italic; }
.tape-picture .box rect { fill: var(--tape-operator); stroke: var(--tape-operator-line); stroke-width: 1.5; }
.tape-picture .leaf rect, .tape-picture .parameter rect { fill: var(--tape-leaf); stroke: var(--tape-leaf-line); }
.tape-picture .repeat rect { fill: none; stroke: var(--tape-quiet); stroke-dasharray: 1.5 2.5; }
.tape-picture .constant rect { fill: var(--tape-constant); stroke: var(--tape-constant-line); stroke-dasharray: 5 3; }
.tape-picture .module rect { fill: var(--tape-module); stroke: var(--tape-module-line); }
.tape-picture .box .inner { fill: none; stroke-width: 1; }
.tape-picture .box.root .outer { stroke-width: 3.5; }
.tape-picture .box.bad .outer { stroke: var(--tape-bad); stroke-width: 3; }
.tape-picture .birth { fill: var(--tape-bad); font-weight: 700; }
.tape-picture .box .mark { fill: none; stroke: var(--tape-saved); stroke-width: 1.2; stroke-dasharray: none; }
.tape-picture .box .hatched { fill: url(#tape-hatch); }
.tape-picture .hatch { stroke: var(--tape-saved); stroke-width: 2; }
.tape-picture .saved { fill: var(--tape-saved); }
.tape-picture .box .badge { fill: var(--tape-badge); stroke: var(--tape-paper); stroke-dasharray: none; }
.tape-picture .badge-text { fill: var(--tape-on-badge); font-size: 10px; font-weight: 700; }
"""
