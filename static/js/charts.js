// Draws every [data-chart] element from its json_script: bars, lines and steps, readable in light and dark.
// Each value can be read by pointer, tap and keyboard (arrow keys move, Enter opens); a table stands behind each chart.
(function () {
  "use strict";
  const charts = [];

  function color(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  function written(value, series) {
    if (value === null || value === undefined) return "–";
    const digits = series.digits === undefined ? 0 : series.digits;
    const number = value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
    return series.before ? series.unit + " " + number : number + (series.unit ? " " + series.unit : "");
  }

  function dataset(series, index, kind) {
    const tone = color("--cb-series-" + (series.tone || index + 1));
    const line = kind !== "bars" || series.line;
    const made = {
      label: series.label,
      data: series.values,
      type: line ? "line" : "bar",
      borderColor: tone,
      backgroundColor: line ? tone : tone,
      order: line ? 0 : 1,
    };
    if (line) {
      Object.assign(made, { borderWidth: 2, pointRadius: 0, pointHoverRadius: 5, pointHitRadius: 12, spanGaps: true });
      made.stepped = kind === "steps" ? "before" : false;
      if (kind === "steps") Object.assign(made, { stepped: true, fill: "origin", backgroundColor: tone + "22" });
      if (series.dashed) made.borderDash = [5, 4];
    } else {
      Object.assign(made, { borderRadius: 3, maxBarThickness: 44, categoryPercentage: 0.82, barPercentage: 0.92 });
    }
    return made;
  }

  function options(data) {
    const text = color("--cb-subtle");
    const grid = color("--cb-line");
    const along = data.sideways ? "y" : "x";
    const value = data.sideways ? "x" : "y";
    return {
      responsive: true,
      maintainAspectRatio: false,
      layout: { padding: { top: data.shares && !data.sideways ? 16 : 0 } },
      animation: false,
      indexAxis: along,
      interaction: { mode: "index", axis: along, intersect: false },
      onClick: (event, found) => {
        if (found.length && data.links && data.links[found[0].index]) window.location.href = data.links[found[0].index];
      },
      onHover: (event, found) => {
        const open = found.length && data.links && data.links[found[0].index];
        event.native.target.style.cursor = open ? "pointer" : "default";
      },
      scales: {
        [along]: {
          grid: { display: false },
          border: { color: grid },
          ticks: { color: text, maxRotation: 0, autoSkip: !data.every_label, autoSkipPadding: 12, font: { size: data.every_label ? 10.5 : 12 } },
        },
        [value]: {
          beginAtZero: true,
          grid: { color: grid },
          border: { display: false },
          ticks: {
            color: text,
            maxTicksLimit: 6,
            font: { size: 12 },
            callback: (number) => number.toLocaleString("en-US", { maximumFractionDigits: 2 }),
          },
          title: { display: Boolean(data.axis), text: data.axis, color: text, font: { size: 12 } },
        },
      },
      plugins: {
        legend: {
          display: data.series.length > 1,
          position: "top",
          align: "end",
          labels: { color: text, boxWidth: 14, boxHeight: 3, padding: 14, sort: (a, b) => a.datasetIndex - b.datasetIndex },
        },
        tooltip: {
          displayColors: data.series.length > 1,
          callbacks: {
            title: (items) => (data.titles || data.labels)[items[0].dataIndex],
            label: (item) => {
              const series = data.series[item.datasetIndex];
              const own = series.titles ? " (" + series.titles[item.dataIndex] + ")" : "";
              const share = data.shares ? ", " + data.shares[item.dataIndex] : "";
              return " " + series.label + own + ": " + written(item.raw, series) + share;
            },
            footer: (items) => (data.beside && items.length ? data.beside[items[0].dataIndex] : ""),
          },
        },
      },
      source: data,
    };
  }

  // Arrow keys move from value to value; a live region says what the tooltip shows; Enter opens the value.
  function keyboard(holder, chart, data) {
    const said = document.createElement("p");
    said.className = "cb-sr";
    said.setAttribute("aria-live", "polite");
    holder.after(said);
    let at = -1;
    function show(index) {
      at = Math.max(0, Math.min(data.labels.length - 1, index));
      const active = data.series.map((series, n) => ({ datasetIndex: n, index: at })).filter((item) => {
        return data.series[item.datasetIndex].values[at] !== null && chart.isDatasetVisible(item.datasetIndex);
      });
      chart.setActiveElements(active);
      chart.tooltip.setActiveElements(active, { x: 0, y: 0 });
      chart.update("none");
      const values = data.series.map((series) => series.label + " " + written(series.values[at], series));
      const beside = data.beside && data.beside[at] ? ", " + data.beside[at] : "";
      said.textContent = (data.titles || data.labels)[at] + ": " + values.join(", ") + beside;
    }
    holder.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (step) show(at + step);
      else if (event.key === "Home") show(0);
      else if (event.key === "End") show(data.labels.length - 1);
      else if (event.key === "Enter" && at >= 0 && data.links && data.links[at]) window.location.href = data.links[at];
      else return;
      event.preventDefault();
    });
    holder.addEventListener("blur", () => {
      chart.setActiveElements([]);
      chart.tooltip.setActiveElements([], { x: 0, y: 0 });
      chart.update("none");
      at = -1;
    });
  }

  // The share beside or above each bar, so that it is read without a legend or a tooltip.
  const shares = {
    id: "shares",
    afterDatasetsDraw(chart) {
      const data = chart.options.source;
      if (!data.shares) return;
      const context = chart.ctx;
      context.save();
      context.fillStyle = color("--cb-text");
      context.font = "500 11.5px Inter, system-ui, sans-serif";
      // Above bars all alike, as long as they stand clear of each other: with a decimal, without, or not at all.
      const whole = data.shares.map((share) => (Math.round(parseFloat(share)) || "<1") + " %");
      const room = chart.chartArea.width / data.labels.length - 2;
      const upright = [data.shares, whole].find((texts) => texts.every((text) => context.measureText(text).width <= room));
      chart.getDatasetMeta(0).data.forEach((bar, n) => {
        if (!data.series[0].values[n]) return;
        if (data.sideways) {
          const width = context.measureText(data.shares[n]).width;
          const inside = bar.x + width + 8 > chart.chartArea.right;
          context.textBaseline = "middle";
          context.fillStyle = inside ? color("--cb-page") : color("--cb-text");
          context.textAlign = inside ? "right" : "left";
          context.fillText(data.shares[n], bar.x + (inside ? -6 : 6), bar.y);
        } else if (upright) {
          context.textAlign = "center";
          context.textBaseline = "bottom";
          context.fillText(upright[n], bar.x, bar.y - 3);
        }
      });
      context.restore();
    },
  };

  // What applied meanwhile, as tinted bands with a word each behind the line; places count in labels, fractions between.
  const bands = {
    id: "bands",
    beforeDatasetsDraw(chart) {
      const found = chart.options.source.bands || [];
      if (found.length < 2) return;
      const { ctx: context, chartArea: area, scales } = chart;
      context.save();
      context.font = "500 11.5px Inter, system-ui, sans-serif";
      context.textBaseline = "top";
      found.forEach((band, n) => {
        const left = scales.x.getPixelForValue(band.from);
        const right = scales.x.getPixelForValue(band.to);
        context.fillStyle = color("--cb-series-" + (n % 2 ? 6 : 3)) + "1f";
        context.fillRect(left, area.top, right - left, area.bottom - area.top);
        if (context.measureText(band.label).width + 8 > right - left) return;
        context.fillStyle = color("--cb-text");
        context.fillText(band.label, left + 4, area.top + 3);
      });
      context.restore();
    },
  };

  function draw(holder) {
    const data = JSON.parse(document.getElementById(holder.dataset.chart).textContent);
    const canvas = document.createElement("canvas");
    holder.replaceChildren(canvas);
    holder.tabIndex = 0;
    const chart = new Chart(canvas, {
      data: { labels: data.labels, datasets: data.series.map((series, n) => dataset(series, n, data.kind)) },
      options: options(data),
      plugins: [bands, shares],
    });
    keyboard(holder, chart, data);
    charts.push({ chart, data });
  }

  Chart.defaults.font.family = "Inter, system-ui, sans-serif";
  Chart.defaults.color = color("--cb-subtle");
  for (const holder of document.querySelectorAll("[data-chart]")) draw(holder);

  document.addEventListener("cb:theme", () => {
    Chart.defaults.color = color("--cb-subtle");
    for (const { chart, data } of charts) {
      chart.data.datasets = data.series.map((series, n) => dataset(series, n, data.kind));
      chart.options = options(data);
      chart.update("none");
    }
  });
})();
