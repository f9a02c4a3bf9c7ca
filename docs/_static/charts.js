/* Draws the charts of a page in the theme that it is seen in, and again when that changes. */
(() => {
  "use strict";
  const themes = window.quantalThemes;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const narrow = window.matchMedia("(max-width: 560px)");
  const config = {
    displaylogo: false,
    responsive: true,
    modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d", "zoomIn2d", "zoomOut2d"],
    toImageButtonOptions: { format: "svg" },
  };

  function theme() {
    const asked = document.body.dataset.theme;
    return asked === "dark" || (asked !== "light" && dark.matches) ? "dark" : "light";
  }

  function along(colours, share) {
    const position = Math.min(Math.max(share, 0), 1) * (colours.length - 1);
    const first = Math.min(Math.floor(position), colours.length - 2);
    const part = (colour, i) => parseInt(colour.slice(i, i + 2), 16);
    return "rgb(" + [1, 3, 5].map((i) => {
      const start = part(colours[first], i);
      return Math.round(start + (part(colours[first + 1], i) - start) * (position - first));
    }).join(",") + ")";
  }

  function colour(name, now) {
    if (name === "ramp" || name === "surface") {
      const all = themes[name][now];
      return all.map((one, i) => [i / (all.length - 1), one]);
    }
    if (name.startsWith("ramp:")) return along(themes.ramp[now], Number(name.slice(5)));
    return themes.colours[now][name];
  }

  function coloured(value, now) {
    if (typeof value === "string" && value[0] === "@") return colour(value.slice(1), now) ?? value;
    if (Array.isArray(value)) return value.map((one) => coloured(one, now));
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, coloured(one, now)]));
    }
    return value;
  }

  const charts = [...document.querySelectorAll("figure.chart")].map((place) => ({
    plot: place.querySelector(".plot"),
    figure: JSON.parse(place.querySelector("script").textContent),
  }));

  function draw() {
    const now = theme();
    for (const chart of charts) {
      const { data, layout } = coloured(chart.figure, now);
      if (narrow.matches) layout.dragmode = false;
      chart.plot.style.height = layout.height + "px";
      Plotly.react(chart.plot, data, layout, config).then(() => {
        chart.plot.dataset.drawn = now;
      });
    }
  }

  draw();
  dark.addEventListener("change", draw);
  new MutationObserver(draw).observe(document.body, { attributes: true, attributeFilter: ["data-theme"] });
})();
