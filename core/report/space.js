// Views in space on a canvas: clouds of points, paths and surfaces, turned by mouse, finger or arrow keys. No library.
"use strict";
(() => {
  const CIVIDIS = [[0, 34, 78], [18, 53, 112], [59, 73, 108], [87, 93, 109], [112, 113, 115], [138, 134, 120],
    [165, 156, 116], [195, 179, 105], [225, 204, 85], [254, 232, 56]];
  const START = {azimuth: -0.9, elevation: 0.45, zoom: 1};
  const FAR = 3.2;

  const bytes = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0)).buffer;
  const shade = share => {
    const place = Math.min(Math.max(share, 0), 0.9999) * (CIVIDIS.length - 1), low = Math.floor(place), rest = place - low;
    return `rgb(${CIVIDIS[low].map((value, k) => Math.round(value + rest * (CIVIDIS[low + 1][k] - value))).join()})`;
  };

  class Space {
    constructor(root) {
      this.canvas = root.querySelector("canvas");
      this.pen = this.canvas.getContext("2d");
      const data = JSON.parse(root.dataset.space);
      Object.assign(this, {low: data.low, high: data.high, axes: data.axes, camera: {...START}, shown: 0});
      const span = data.high.map((high, k) => high - data.low[k]), longest = Math.max(...span) || 1;
      this.half = span.map(value => value / longest / 2);
      this.scenes = data.scenes.map(scene => this.read(scene));
      this.listen(root);
    }

    read(scene) {
      const places = text => {
        const raw = new Uint16Array(bytes(text)), found = new Float32Array(raw.length);
        for (let k = 0; k < raw.length; k++) found[k] = (2 * raw[k] / 65535 - 1) * this.half[k % 3];
        return found;
      };
      return {
        points: places(scene.points), values: new Uint16Array(bytes(scene.values)),
        triangles: new Uint32Array(bytes(scene.triangles)),
        paths: scene.paths.map(path => ({colour: path.colour, points: places(path.points)})),
      };
    }

    listen(root) {
      const canvas = this.canvas, slider = root.querySelector("input"), steps = {
        ArrowLeft: [-0.15, 0, 1], ArrowRight: [0.15, 0, 1], ArrowUp: [0, 0.1, 1], ArrowDown: [0, -0.1, 1],
        "+": [0, 0, 1.15], "-": [0, 0, 1 / 1.15],
      };
      canvas.addEventListener("pointerdown", event => canvas.setPointerCapture(event.pointerId));
      canvas.addEventListener("pointermove", event => {
        if (event.buttons) this.turn(event.movementX * 0.01, event.movementY * 0.01, 1);
      });
      canvas.addEventListener("keydown", event => {
        if (!(event.key in steps)) return;
        event.preventDefault();
        this.turn(...steps[event.key]);
      });
      canvas.addEventListener("dblclick", () => { this.camera = {...START}; this.draw(); });
      if (slider) slider.addEventListener("input", () => {
        this.shown = Number(slider.value);
        root.querySelector("output").textContent = slider.dataset.names.split("\n")[this.shown];
        this.draw();
      });
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
      new ResizeObserver(() => this.draw()).observe(canvas);
    }

    turn(aside, up, zoom) {
      this.camera.azimuth -= aside;
      this.camera.elevation = Math.min(Math.max(this.camera.elevation + up, -1.5), 1.5);
      this.camera.zoom = Math.min(Math.max(this.camera.zoom * zoom, 0.3), 8);
      this.draw();
    }

    place(points) {
      const {azimuth, elevation, zoom} = this.camera, found = new Float32Array(points.length);
      const [ca, sa, ce, se] = [Math.cos(azimuth), Math.sin(azimuth), Math.cos(elevation), Math.sin(elevation)];
      const size = 0.4 * zoom * FAR * Math.min(this.wide, this.tall) / Math.hypot(...this.half);
      for (let k = 0; k < points.length; k += 3) {
        const x = ca * points[k] + sa * points[k + 1], deep = -sa * points[k] + ca * points[k + 1], z = points[k + 2];
        const near = ce * deep - se * z, scale = size / (FAR + near);
        found[k] = this.wide / 2 + scale * x;
        found[k + 1] = this.tall / 2 - scale * (se * deep + ce * z);
        found[k + 2] = near;
      }
      return found;
    }

    draw() {
      const ratio = devicePixelRatio || 1, {pen, canvas} = this, scene = this.scenes[this.shown];
      [this.wide, this.tall] = [canvas.clientWidth, canvas.clientHeight];
      [canvas.width, canvas.height] = [this.wide * ratio, this.tall * ratio];
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      pen.clearRect(0, 0, this.wide, this.tall);
      this.ink = getComputedStyle(canvas).color;
      this.box();
      const at = this.place(scene.points);
      if (scene.triangles.length) this.surface(scene, at); else this.cloud(scene, at);
      for (const path of scene.paths) this.path(path);
    }

    box() {
      const {pen, half} = this, corner = k => [0, 1, 2].map(axis => ((k >> axis) & 1 ? 1 : -1) * half[axis]);
      const at = this.place(new Float32Array([0, 1, 2, 3, 4, 5, 6, 7].flatMap(corner))), named = [[], [], []];
      pen.strokeStyle = this.ink;
      pen.lineWidth = 0.6;
      pen.globalAlpha = 0.4;
      for (let a = 0; a < 8; a++) for (const axis of [0, 1, 2]) {
        const b = a | (1 << axis);
        if (b === a) continue;
        pen.beginPath();
        pen.moveTo(at[3 * a], at[3 * a + 1]);
        pen.lineTo(at[3 * b], at[3 * b + 1]);
        pen.stroke();
        named[axis].push([(at[3 * a] + at[3 * b]) / 2, (at[3 * a + 1] + at[3 * b + 1]) / 2]);
      }
      pen.globalAlpha = 1;
      named.forEach((places, axis) => this.name(axis, places));
    }

    // Write an axis' name and range beside its outermost edge: the lowest one, of the upright axis the left one.
    name(axis, places) {
      const {pen} = this, text = `${this.axes[axis]}: ${this.number(this.low[axis])} … ${this.number(this.high[axis])}`;
      const [x, y] = places.reduce((a, b) => (axis === 2 ? b[0] < a[0] : b[1] > a[1]) ? b : a);
      pen.font = "13px system-ui, sans-serif";
      pen.fillStyle = this.ink;
      const wide = pen.measureText(text).width, left = axis === 2 ? x - wide - 8 : x - wide / 2 + (x < this.wide / 2 ? -40 : 40);
      pen.fillText(text, Math.min(Math.max(left, 4), this.wide - wide - 4), Math.min(axis === 2 ? y : y + 18, this.tall - 6));
    }

    number(value) {
      return Number(value.toPrecision(3)).toString();
    }

    cloud({values}, at) {
      const order = [...Array(at.length / 3).keys()].sort((a, b) => at[3 * b + 2] - at[3 * a + 2]);
      for (const k of order) {
        this.pen.fillStyle = shade(values[k] / 65535);
        this.pen.fillRect(at[3 * k] - 1.6, at[3 * k + 1] - 1.6, 3.2, 3.2);
      }
    }

    surface({values, triangles}, at) {
      const {pen} = this, count = triangles.length / 3, deep = new Float32Array(count);
      for (let k = 0; k < count; k++) for (let c = 0; c < 3; c++) deep[k] += at[3 * triangles[3 * k + c] + 2];
      const order = [...Array(count).keys()].sort((a, b) => deep[b] - deep[a]);
      pen.lineJoin = "round";
      for (const k of order) {
        const [a, b, c] = triangles.subarray(3 * k, 3 * k + 3);
        pen.fillStyle = shade((values[a] + values[b] + values[c]) / 3 / 65535);
        pen.beginPath();
        for (const corner of [a, b, c]) pen.lineTo(at[3 * corner], at[3 * corner + 1]);
        pen.closePath();
        pen.fill();
        pen.strokeStyle = count < 6000 ? "rgba(20, 40, 70, .45)" : pen.fillStyle;
        pen.lineWidth = 0.5;
        pen.stroke();
      }
    }

    path({colour, points}) {
      const {pen} = this, at = this.place(points), marked = at.length < 120;
      pen.strokeStyle = pen.fillStyle = colour;
      pen.lineWidth = marked ? 3 : 1.2;
      pen.beginPath();
      for (let k = 0; k < at.length; k += 3) pen.lineTo(at[k], at[k + 1]);
      pen.stroke();
      if (marked) for (let k = 0; k < at.length; k += 3) pen.fillRect(at[k] - 2.5, at[k + 1] - 2.5, 5, 5);
    }
  }

  addEventListener("DOMContentLoaded", () => {
    for (const root of document.querySelectorAll("[data-space]")) root.space = new Space(root);
  });
})();
