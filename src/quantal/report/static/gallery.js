
(() => {
  "use strict";
  const section = document.getElementById("clusters");
  const search = document.getElementById("search");
  const order = document.getElementById("order");
  const stableOnly = document.getElementById("stable-only");
  const count = document.getElementById("count");
  const clusters = [...section.querySelectorAll("article")].map((place) => ({
    place,
    rest: place.querySelector("details"),
    rows: [...place.querySelectorAll("li")].map((row) => ({ row, text: row.textContent.toLowerCase() })),
    stable: place.dataset.stable === "1",
  }));

  function filter() {
    const wanted = search.value.toLowerCase().replaceAll("\n", "↵");
    let tokens = 0;
    let kept = 0;
    for (const one of clusters) {
      let found = 0;
      let inRest = false;
      for (const { row, text } of one.rows) {
        const hit = !wanted || text.includes(wanted);
        if (row.hidden === hit) row.hidden = !hit;
        if (hit) {
          found += 1;
          inRest ||= one.rest !== null && one.rest.contains(row);
        }
      }
      one.place.hidden = found === 0 || (stableOnly.checked && !one.stable);
      if (one.rest) one.rest.open = Boolean(wanted) && inRest;
      if (!one.place.hidden) {
        kept += 1;
        tokens += found;
      }
    }
    count.textContent = `${tokens.toLocaleString("en")} tokens in ${kept.toLocaleString("en")} clusters`;
  }

  function sort() {
    const key = order.value;
    const sign = key === "loss" ? 1 : -1;
    const sorted = [...clusters].sort((a, b) => sign * (a.place.dataset[key] - b.place.dataset[key]));
    section.append(...sorted.map((one) => one.place));
  }

  let waiting = 0;
  search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, 120);
  });
  stableOnly.addEventListener("change", filter);
  order.addEventListener("change", sort);
  section.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
  section.addEventListener("click", (event) => {
    const row = event.target.closest("li");
    if (row && !String(window.getSelection())) row.classList.toggle("open");
  });
  filter();
})();
