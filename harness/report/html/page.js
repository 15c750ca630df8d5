// Runs in the reader's browser: draws the plots of a report from the JSON in the page. `uPlot` is inlined before it.
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const { series, fault, queues } = data;
  const colour = (name) => () => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const plots = [];

  const clock = (value) => (value === null || value === undefined ? '–' : `${value.toFixed(1)} s`);
  const unit = (text, digits) => (_, value) =>
    value === null || value === undefined
      ? '–'
      : `${value.toLocaleString('en-US', { maximumFractionDigits: digits })}${text}`;

  /** Shades the time the fault was applied, and marks the moment the trigger was proved gone. */
  const faultWindow = (isOver) => ({
    hooks: {
      drawClear: (u) => {
        if (!isOver) shade(u, 'fault');
      },
      draw: (u) => {
        if (isOver) shade(u, 'fault-over');
        if (fault.triggerEndSeconds !== null) mark(u, fault.triggerEndSeconds);
        for (const [index, seconds] of data.actions.entries()) if (seconds !== null) number(u, seconds, index + 1);
      },
    },
  });

  function shade({ ctx, bbox, valToPos }, name) {
    if (!fault.has || fault.endSeconds === null) return;
    const left = valToPos(0, 'x', true);
    ctx.save();
    ctx.fillStyle = colour(name)();
    ctx.fillRect(left, bbox.top, valToPos(fault.endSeconds, 'x', true) - left, bbox.height);
    ctx.restore();
  }

  function mark({ ctx, bbox, valToPos }, seconds) {
    const x = Math.round(valToPos(seconds, 'x', true));
    ctx.save();
    ctx.strokeStyle = colour('end')();
    ctx.lineWidth = 1.5 * devicePixelRatio;
    ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.restore();
  }

  /** What an operator did, by its number in the table: a thin line and the number above it. */
  function number({ ctx, bbox, valToPos }, seconds, text) {
    const x = Math.round(valToPos(seconds, 'x', true));
    if (x < bbox.left || x > bbox.left + bbox.width) return;
    ctx.save();
    ctx.strokeStyle = colour('soft')();
    ctx.fillStyle = colour('soft')();
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([devicePixelRatio, 3 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.font = `${10 * devicePixelRatio}px system-ui, sans-serif`;
    ctx.textAlign = 'left';
    ctx.textBaseline = 'top';
    ctx.fillText(String(text), x + 2 * devicePixelRatio, bbox.top + (text % 2 === 0 ? 12 : 1) * devicePixelRatio);
    ctx.restore();
  }

  const font = '12px system-ui, "Liberation Sans", Arial, sans-serif';
  const axis = (more) => ({
    stroke: colour('soft'),
    grid: { stroke: colour('line'), width: 1 },
    ticks: { stroke: colour('line'), width: 1, size: 5 },
    font,
    labelFont: font,
    labelSize: 18,
    ...more,
  });

  const times = data.phases.flatMap((phase) => [phase.fromSeconds, phase.toSeconds]);
  const range = times.length === 0 ? undefined : [Math.min(...times), Math.max(...times)];

  function draw(id, { y, lines, columns, height = 210, bands, label, log = false }) {
    const target = document.getElementById(id);
    const hasPoints =
      columns[0].length > 1 && columns.slice(1).some((column) => column.some((value) => value !== null));
    if (!hasPoints) {
      const empty = document.createElement('p');
      empty.className = 'empty';
      empty.textContent = 'Nothing was recorded.';
      target.append(empty);
      return;
    }
    const options = {
      width: target.clientWidth,
      height,
      // Areas would hide a shade below them.
      plugins: [faultWindow(bands !== undefined)],
      cursor: { sync: { key: 'time' }, drag: { x: true, y: false }, points: { size: 6 } },
      legend: { markers: { width: 0, fill: (u, index) => u.series[index].marker?.() ?? '' } },
      scales: { x: { time: false, range: range === undefined ? undefined : () => range }, y },
      axes: [
        axis({ values: (_, ticks) => ticks.map((tick) => `${tick}`), size: 34 }),
        axis({
          label,
          size: log ? 62 : 52,
          ...(log ? { splits: powersOfTen, filter: (_, ticks) => ticks, values: inTime } : {}),
        }),
      ],
      series: [{ label: 'time', value: (_, value) => clock(value) }, ...lines],
      ...(bands === undefined ? {} : { bands }),
    };
    const plot = new uPlot(options, columns, target);
    plots.push({ plot, target, height });
  }

  /** A logarithmic scale of ms has a tick at powers of ten only. */
  const powersOfTen = (_, __, min, max) =>
    [0.1, 1, 10, 100, 1e3, 1e4, 1e5, 1e6].filter((tick) => tick >= min && tick <= max);
  const inTime = (_, ticks) => ticks.map((tick) => (tick >= 1000 ? `${tick / 1000} s` : `${tick} ms`));

  const line = (label, name, format, more = {}) => ({
    label,
    stroke: colour(name),
    marker: colour(name),
    width: 1.75,
    points: { show: false },
    value: format,
    ...more,
  });
  const stepped = uPlot.paths.stepped({ align: 1 });
  const fromZero = { range: (_, __, max) => [0, Math.max(1, max * 1.08)] };

  function volumes() {
    const { at, mirrored, degraded, stuck, hung } = series.volumes;
    const area = (label, name, values) => ({
      ...line(label, name, (_, __, ___, index) => (index === null || index === undefined ? '–' : values[index])),
      width: 0,
      fill: colour(name),
      paths: stepped,
    });
    const all = at.map((_, index) => mirrored[index] + degraded[index] + stuck[index]);
    const unmirrored = at.map((_, index) => degraded[index] + stuck[index]);
    draw('volumes', {
      label: 'volumes',
      height: 280,
      y: { range: () => [0, data.volumes] },
      columns: [at, all, unmirrored, stuck, hung],
      lines: [
        area('mirrored', 'mirrored', mirrored),
        area('degraded', 'degraded', degraded),
        area('stuck', 'stuck', stuck),
        line('stuck, by the instances', 'hung', unit('', 0), { paths: stepped, width: 2 }),
      ],
      bands: [{ series: [1, 2] }, { series: [2, 3] }],
    });
  }

  function network(plane) {
    const queue = queues.find((entry) => entry.plane === plane);
    const payload = queue === undefined ? [] : series.queues.payloadMbit[queue.router];
    const at = series.queues.at;
    const columns = queue === undefined ? [[], [], []] : [at, payload, at.map(() => queue.capacityMbit)];
    draw(plane, {
      label: 'Mbit/s',
      y: fromZero,
      columns,
      lines: [
        line('payload', 'flow', unit(' Mbit/s', 1), { paths: stepped }),
        line('capacity', 'capacity', unit(' Mbit/s', 1), { dash: [6, 4], width: 1.25 }),
      ],
    });
  }

  const ZONE_COLOURS = ['one', 'two', 'soft', 'faint'];
  /** Curves of all zones on the first one's times; all have the same bins. */
  const ofZones = (columnsOf) => [series.applications[0]?.at ?? [], ...series.applications.flatMap(columnsOf)];
  /** Its zone, or its own name beside others of the zone. */
  const labelOf = (one) =>
    series.applications.filter((other) => other.zone === one.zone).length > 1 ? one.shortName : one.zone;
  const percentOf = (value) => Math.round(value * 1000) / 10;

  function applications() {
    draw('availability', {
      label: '% of requests',
      y: { range: () => [0, 104] },
      columns: ofZones((zone) => [zone.availability.map((value) => (value === null ? null : percentOf(value)))]),
      lines: series.applications.map((zone, index) =>
        line(labelOf(zone), ZONE_COLOURS[index % 4], unit(' %', 1), { paths: stepped }),
      ),
    });
    const smallest = 1;
    const positive = (value) => (value === null ? null : Math.max(smallest, value));
    draw('latency', {
      label: 'log scale',
      log: true,
      y: {
        distr: 3,
        log: 10,
        range: (_, __, max) => [smallest, Math.max(100, 10 ** Math.ceil(Math.log10(Math.max(max, 1)) - 1e-9))],
      },
      columns: ofZones((zone) => [zone.p50Ms.map(positive), zone.p99Ms.map(positive)]),
      lines: series.applications.flatMap((zone, index) => {
        const name = ZONE_COLOURS[index % 4];
        return [
          line(`${zone.shortName} p50`, name, unit(' ms', 1), { paths: stepped }),
          line(`${zone.shortName} p99`, name, unit(' ms', 1), { paths: stepped, dash: [5, 3], width: 1.5 }),
        ];
      }),
    });
  }

  volumes();
  network('primary');
  network('replication');
  applications();
  draw('search', {
    label: 'attempts/s',
    y: fromZero,
    columns: [series.search.at, series.search.attemptsPerSecond],
    lines: [line('attempts', 'flow', unit('/s', 0), { paths: stepped, fill: colour('flow-paper') })],
  });
  draw('slots', {
    label: 'slots',
    y: fromZero,
    columns: [
      series.freeSlots.at,
      series.freeSlots.free,
      // The fine curve's value at each second: both curves' bins begin on whole seconds.
      series.freeSlots.at.map(
        (t) => series.volumes.heldSlots[series.volumes.at.findIndex((fine) => fine >= t - 1e-6)] ?? null,
      ),
      series.freeSlots.quarantined,
    ],
    lines: [
      line('free', 'mirrored', unit('', 0), { paths: stepped }),
      line('held by old copies', 'degraded', unit('', 0), { paths: stepped }),
      line('on crashed nodes', 'stuck', unit('', 0), { paths: stepped }),
    ],
  });
  if (series.api.length > 0) {
    draw('api', {
      label: '% of calls',
      y: { range: () => [0, 104] },
      columns: [
        series.api[0].at,
        ...series.api.map((zone) => zone.availability.map((value) => (value === null ? null : percentOf(value)))),
      ],
      lines: series.api.map((zone, index) =>
        line(zone.zone, ZONE_COLOURS[index % 4], unit(' %', 1), { paths: stepped }),
      ),
    });
    draw('workers', {
      label: 'calls',
      y: fromZero,
      columns: [series.control.at, series.control.busy, series.control.queued],
      lines: [
        line('busy workers', 'flow', unit('', 0), { paths: stepped }),
        line('waiting', 'stuck', unit('', 0), { paths: stepped }),
      ],
    });
  }
  const limit = (value) => series.host.at.map(() => value);
  draw('cpu', {
    label: '%',
    y: { range: () => [0, 100] },
    columns: [series.host.at, series.host.busyShare.map(percentOf), limit(70)],
    lines: [
      line('busy', 'flow', unit(' %', 1)),
      line('limit', 'capacity', unit(' %', 0), { dash: [6, 4], width: 1.25 }),
    ],
  });
  draw('lag', {
    label: 'ms',
    y: fromZero,
    columns: [series.host.at, series.host.lagP99Ms, limit(50)],
    lines: [
      line('p99', 'flow', unit(' ms', 1)),
      line('limit', 'capacity', unit(' ms', 0), { dash: [6, 4], width: 1.25 }),
    ],
  });

  const redraw = () => {
    for (const { plot, target, height } of plots) {
      plot.setSize({ width: target.clientWidth, height });
      for (const [index, marker] of target.querySelectorAll('.u-series .u-marker').entries()) {
        marker.style.background = plot.series[index]?.marker?.() ?? '';
      }
      plot.redraw(false, true);
    }
  };
  addEventListener('resize', redraw);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
  // A canvas keeps its colours: paper gets the light ones whatever the screen shows.
  addEventListener('beforeprint', () => {
    document.documentElement.dataset.print = '';
    redraw();
  });
  addEventListener('afterprint', () => {
    delete document.documentElement.dataset.print;
    redraw();
  });
})();
