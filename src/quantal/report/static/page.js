(() => {
  "use strict";
  const root = document.documentElement;
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const themes = read("themes");
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const narrow = window.matchMedia("(max-width: 560px)");
  const touch = window.matchMedia("(pointer: coarse)");
  const config = {
    displaylogo: false,
    responsive: true,
    modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d", "zoomIn2d", "zoomOut2d"],
    toImageButtonOptions: { format: "svg" },
  };
  const charts = [...document.querySelectorAll(".chart")].map((place) => ({
    place,
    figure: read(place.id + "-figure"),
  }));

  const chosen = () => root.dataset.theme || (system.matches ? "dark" : "light");

  function along(colours, share) {
    const position = Math.min(Math.max(share, 0), 1) * (colours.length - 1);
    const first = Math.min(Math.floor(position), colours.length - 2);
    const part = (colour, i) => parseInt(colour.slice(i, i + 2), 16);
    const mixed = [1, 3, 5].map((i) => {
      const start = part(colours[first], i);
      return Math.round(start + (part(colours[first + 1], i) - start) * (position - first));
    });
    return "rgb(" + mixed.join(",") + ")";
  }

  function colour(name, theme) {
    if (name === "ramp" || name === "surface") {
      const colours = themes[name][theme];
      return colours.map((one, i) => [i / (colours.length - 1), one]);
    }
    if (name.startsWith("ramp:")) return along(themes.ramp[theme], Number(name.slice(5)));
    return themes.colours[theme][name];
  }

  function coloured(value, theme) {
    if (typeof value === "string" && value[0] === "@") return colour(value.slice(1), theme) ?? value;
    if (Array.isArray(value)) return value.map((one) => coloured(one, theme));
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, coloured(one, theme)]));
    }
    return value;
  }

  function wrapped(text, width) {
    const lines = [""];
    for (const word of text.split(/ +/)) {
      const last = lines[lines.length - 1];
      if (last && (last + " " + word).length > width) lines.push(word);
      else lines[lines.length - 1] = last ? last + " " + word : word;
    }
    return lines.join("<br>");
  }

  function draw(chart, theme) {
    const { data, layout } = coloured(chart.figure, theme);
    layout.uirevision = "kept";
    if (touch.matches) {
      layout.dragmode = false;
      layout.margin.t += 28;
      layout.height += 28;
    }
    const names = layout.yaxis.categoryarray;
    if (narrow.matches && names) {
      Object.assign(layout.yaxis, { tickmode: "array", tickvals: names, ticktext: names.map((one) => wrapped(one, 20)) });
      layout.yaxis.tickfont = { ...layout.yaxis.tickfont, size: 11 };
      layout.height = 110 + 46 * names.length;
    }
    chart.place.style.height = layout.height + "px";
    return Plotly.react(chart.place, data, layout, config).then(() => {
      chart.place.dataset.drawn = theme;
    });
  }

  function drawAll() {
    const theme = chosen();
    const button = document.getElementById("theme");
    button.textContent = theme === "dark" ? "Light" : "Dark";
    button.setAttribute("aria-label", "Switch to the " + (theme === "dark" ? "light" : "dark") + " theme");
    button.setAttribute("aria-pressed", String(theme === "dark"));
    return charts.reduce((before, chart) => before.then(() => draw(chart, theme)), Promise.resolve());
  }

  function remembered(theme) {
    try {
      if (theme) localStorage.setItem("quantal-theme", theme);
      return localStorage.getItem("quantal-theme");
    } catch {
      return null;
    }
  }

  document.getElementById("theme").addEventListener("click", () => {
    root.dataset.theme = chosen() === "dark" ? "light" : "dark";
    remembered(root.dataset.theme);
    drawAll();
  });
  system.addEventListener("change", () => root.dataset.theme || drawAll());
  narrow.addEventListener("change", drawAll);

  let beforePrint;
  window.addEventListener("beforeprint", () => {
    beforePrint = root.dataset.theme;
    root.dataset.theme = "light";
    drawAll();
  });
  window.addEventListener("afterprint", () => {
    if (beforePrint) root.dataset.theme = beforePrint;
    else delete root.dataset.theme;
    drawAll();
  });

  document.getElementById("download")?.addEventListener("click", () => {
    const text = JSON.stringify(read("data"), null, 1);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    link.download = "quantal-report.json";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });

  const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]));
  const seen = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        for (const link of links.values()) link.removeAttribute("aria-current");
        links.get(entry.target.id)?.setAttribute("aria-current", "true");
      }
    },
    { rootMargin: "-10% 0px -80% 0px" },
  );
  document.querySelectorAll("main > section").forEach((section) => seen.observe(section));

  const kept = remembered();
  if (kept) root.dataset.theme = kept;
  drawAll();
})();
