// The report's style and its script: the fixed part of the page.

extension Report {
  static let style = """
    :root { color-scheme: light dark; }
    body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 1.5rem auto; padding: 0 1rem; }
    h1 { font-size: 1.4rem; margin-bottom: 0; } h2 { font-size: 1.1rem; margin-top: 2rem; }
    #status { opacity: .75; margin-top: 0; }
    #verdict { padding: .6rem .9rem; border-left: 5px solid #888; background: #8881; }
    #verdict.good { border-color: #2f9e55; } #verdict.bad { border-color: #cf3434; }
    #slider { width: min(28rem, 60%); vertical-align: middle; }
    img { max-width: 100%; display: block; }
    figure { margin: 0 0 1.2rem; } figcaption span { font-weight: 600; margin-left: .6rem; }
    figcaption output { margin-left: .8rem; font-variant-numeric: tabular-nums; opacity: .8; }
    svg { width: 100%; height: auto; } svg path { fill: none; stroke-width: 1.4; stroke-linejoin: round; }
    svg text { font-size: 11px; fill: currentColor; opacity: .75; }
    svg .left { text-anchor: end; dominant-baseline: middle; } svg .below { text-anchor: middle; }
    svg .right { text-anchor: end; }
    svg .tick { stroke: currentColor; opacity: .15; }
    svg .chance { stroke: currentColor; stroke-dasharray: 5 4; opacity: .7; }
    table { border-collapse: collapse; } th { text-align: left; font-weight: 500; padding-right: 1.5rem; }
    #history td { padding-right: 1rem; } #history td:first-child { white-space: nowrap; }
    td, th { border-bottom: 1px solid #8883; vertical-align: top; overflow-wrap: anywhere; }
    """

  static let script = """
    "use strict";
    const holder = document.getElementById("grids");
    const grids = holder ? JSON.parse(holder.textContent) : [];
    const slider = document.getElementById("slider");
    if (slider) {
      slider.addEventListener("input", () => {
        const grid = grids[slider.valueAsNumber];
        const picture = document.getElementById("sample");
        picture.src = grid.source;
        picture.alt = grid.label;
        document.getElementById("label").textContent = grid.label;
      });
    }
    for (const chart of document.querySelectorAll("svg[data-points]")) {
      const points = JSON.parse(chart.dataset.points);
      const left = Number(chart.dataset.left), right = Number(chart.dataset.right);
      const readout = chart.parentElement.querySelector("output");
      chart.addEventListener("mousemove", event => {
        const box = chart.getBoundingClientRect();
        const x = (event.clientX - box.left) / box.width * chart.viewBox.baseVal.width;
        const first = points.steps[0], last = points.steps[points.steps.length - 1];
        const step = first + (x - left) / (right - left) * (last - first);
        let nearest = 0;
        points.steps.forEach((s, i) => { if (Math.abs(s - step) < Math.abs(points.steps[nearest] - step)) nearest = i; });
        const values = Object.keys(points).filter(k => k !== "steps").map(k => k + " " + points[k][nearest]);
        readout.textContent = "step " + points.steps[nearest] + ": " + values.join(", ");
      });
      chart.addEventListener("mouseleave", () => { readout.textContent = ""; });
    }
    // The page of a run under way loads itself again, unless the viewer has chosen an older grid.
    if (document.body.dataset.running === "true") {
      setInterval(() => { if (!slider || slider.value === slider.max) location.reload(); }, 60000);
    }
    """
}
