"use strict";
const table = document.getElementById("numbers");
table.querySelectorAll("thead th").forEach((heading, column) => {
  heading.querySelector("button").addEventListener("click", () => {
    const down = heading.getAttribute("aria-sort") === "ascending";
    table.querySelectorAll("thead th").forEach(other => other.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const key = row => {
      const cell = row.cells[column];
      return cell.dataset.value === undefined ? cell.textContent.trim() : cell.dataset.value;
    };
    const rows = [...table.tBodies[0].rows].sort((a, b) => {
      const [x, y] = [key(a), key(b)];
      if (x === "" || y === "") return (x === "") - (y === "");
      const order = column ? Number(x) - Number(y) : x.localeCompare(y);
      return down ? -order : order;
    });
    table.tBodies[0].append(...rows);
  });
});
document.getElementById("weights").addEventListener("change", event => {
  const wanted = event.target.value;
  document.querySelectorAll("figure.missing").forEach(missing => {
    const own = [...document.querySelectorAll(`figure.weights[data-model="${missing.dataset.model}"]`)];
    own.forEach(figure => {
      figure.hidden = wanted === "headline" ? figure.dataset.headline !== "yes" : figure.dataset.weights !== wanted;
    });
    missing.hidden = own.some(figure => !figure.hidden);
  });
});
document.querySelectorAll(".frames").forEach(panel => {
  const frames = Number(panel.dataset.frames);
  panel.parentElement.querySelector("input").addEventListener("input", event => {
    panel.style.backgroundPosition = `${100 * event.target.value / (frames - 1)}% 0`;
  });
});
