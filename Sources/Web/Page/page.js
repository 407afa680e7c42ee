// What is seen. The worker makes the pictures.
"use strict";

const element = (id) => document.getElementById(id);
/** Shifts of bits take no more than 31 of them. */
const megabytes = (bytes) => Math.round(bytes / 2 ** 20);
const text = (id) => element(id).textContent.trim();
const COUNT = 64, COLUMNS = 8, FRAMES = 48, FRAMES_PER_SECOND = 24;
const LARGEST_SEED = (1n << 64n) - 1n;
/** A file larger than this does not fit into a page with what is made of it. */
const LARGEST_FILE = 2 ** 30;

const state = {
  job: 0, kind: "", drawn: 0, began: 0, seed: 0n, width: 64, height: 64, module: "", chosen: [], film: [], frame: 0, step: 1,
  notice: "", isLoaded: false,
};

// The grid

const cells = Array.from({ length: COUNT }, (_, index) => {
  const button = document.createElement("button");
  button.type = "button";
  button.tabIndex = index === 0 ? 0 : -1;
  button.append(document.createElement("canvas"));
  button.addEventListener("click", () => choose(index));
  button.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -COLUMNS, ArrowDown: COLUMNS }[event.key];
    const next = cells[index + move];
    if (!next) return;
    event.preventDefault();
    button.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });
  return button;
});
element("grid").append(...cells);

const seedOf = (index) => BigInt.asUintN(64, state.seed + BigInt(index));

function paint(canvas, picture) {
  if (canvas.width !== state.width || canvas.height !== state.height) {
    [canvas.width, canvas.height] = [state.width, state.height];
  }
  // Pixels come from here and go to files: no canvas of the graphics card.
  canvas.getContext("2d", { willReadFrequently: true }).putImageData(new ImageData(picture, state.width, state.height), 0, 0);
}

function say(words, isRefusal = false) {
  element("status").textContent = words;
  element("status").className = isRefusal ? "refusal" : "";
}

// Jobs

const truncation = () => Number(element("truncation").value);

function begin(kind, message, count) {
  state.job += 1;
  Object.assign(state, { kind, drawn: 0, began: performance.now() });
  element("progress").max = count;
  element("progress").value = 0;
  worker.postMessage({ ...message, type: kind, job: state.job, count, truncation: truncation() });
}

function draw() {
  const words = element("seed").value.trim();
  if (!/^\d{1,20}$/.test(words) || BigInt(words) > LARGEST_SEED) {
    return say(`A seed is a whole number from 0 to ${LARGEST_SEED}.`, true);
  }
  state.seed = BigInt(words);
  endWalk();
  cells.forEach((cell, index) => cell.setAttribute("aria-label", `cat ${seedOf(index)}`));
  begin("draw", { seed: state.seed }, COUNT);
}

function finish(count) {
  const seconds = (performance.now() - state.began) / 1000;
  const milliseconds = (1000 * seconds / count).toFixed(1);
  const what = state.kind === "draw" ? "cats" : "steps";
  say(`${state.notice}${count} ${what} in ${seconds.toFixed(2)} s, ${milliseconds} ms each`);
  state.notice = "";
}

const answers = {
  module({ name }) { state.module = name; },

  network({ name, text, width, height, memory }) {
    Object.assign(state, { width, height, isLoaded: true });
    element("network").textContent = text;
    element("about").textContent = `${name}: ${width}x${height} pixels, ${state.module}, ${megabytes(memory)} MB`;
    draw();
  },

  pictures({ job, first, pictures }) {
    if (job !== state.job) return;
    pictures.forEach((picture, index) => {
      if (state.kind === "draw") paint(cells[first + index].firstChild, picture);
      else state.film[first + index] = picture;
    });
    if (first === 0 && state.kind === "draw") performance.mark("first cat");
    if (first === 0 && state.kind === "walk") openWalk();
    state.drawn += pictures.length;
    element("progress").value = state.drawn;
    if (state.drawn === element("progress").max) finish(state.drawn);
  },

  refusal({ text }) { say(text, true); },

  end({ text }) {
    worker.terminate();
    // One that came to no network would end again.
    if (!state.isLoaded) {
      document.querySelectorAll("button, input").forEach((control) => { control.disabled = true; });
      return say(text, true);
    }
    state.notice = `${text}. The shipped network is back: `;
    launch();
  },
};

let worker;
const workerAddress = URL.createObjectURL(new Blob([text("worker")], { type: "text/javascript" }));

function launch() {
  state.isLoaded = false;
  worker = new Worker(workerAddress);
  worker.onmessage = ({ data }) => answers[data.type](data);
  worker.onerror = ({ message }) => say(message, true);
  worker.postMessage({
    type: "start", model: text("model"), name: element("model").dataset.name,
    modules: [{ name: "relaxed SIMD", base64: text("relaxed") }, { name: "SIMD", base64: text("simd") }],
  });
}

// Walks

function choose(index) {
  const chosen = state.chosen.includes(index) ? state.chosen.filter((other) => other !== index)
    : [...state.chosen.slice(-1), index];
  select(state.chosen.length === 2 && chosen.length === 2 ? [index] : chosen);
  if (state.chosen.length < 2) return;
  const [from, to] = state.chosen.map(seedOf);
  state.film = [];
  element("way").textContent = `from cat ${from} to cat ${to}`;
  begin("walk", { from, to }, FRAMES);
}

function select(chosen) {
  state.chosen = chosen;
  cells.forEach((cell, index) => cell.setAttribute("aria-pressed", chosen.includes(index)));
}

function openWalk() {
  element("place").max = FRAMES - 1;
  element("walk").hidden = false;
  show(0);
  play(!matchMedia("(prefers-reduced-motion: reduce)").matches);
}

function endWalk() {
  play(false);
  element("walk").hidden = true;
  select([]);
}

function show(frame) {
  if (!state.film[frame]) return;
  state.frame = frame;
  element("place").value = frame;
  paint(element("film"), state.film[frame]);
}

let timer = 0;
function play(isPlaying) {
  clearInterval(timer);
  timer = isPlaying ? setInterval(advance, 1000 / FRAMES_PER_SECOND) : 0;
  element("play").textContent = isPlaying ? "stop" : "play";
  element("play").setAttribute("aria-pressed", isPlaying);
}

/** To and fro. */
function advance() {
  if (!state.film[state.frame + state.step]) state.step = -state.step;
  show(state.frame + state.step);
}

// Files

function open(file) {
  if (!file) return;
  if (file.size > LARGEST_FILE) {
    return say(`${file.name} has ${megabytes(file.size)} MB; this page takes up to ${megabytes(LARGEST_FILE)}. Use catgen.`, true);
  }
  say(`reading ${file.name}`);
  file.arrayBuffer().then(
    (buffer) => worker.postMessage({ type: "load", bytes: new Uint8Array(buffer), name: file.name }, [buffer]),
    () => say(`${file.name} cannot be read: choose one file.`, true));
}

/** The mark of `OwnMark`, by which nobody trains on these pictures by mistake: a tEXt chunk, its length before and its
    checksum behind it, after the 33 bytes of a PNG's signature and header. */
const MARK = [0, 0, 0, 15, ...new TextEncoder().encode("tEXtSoftware\0CatGAN"), 0x15, 0x0c, 0xc7, 0xf9];

/** The grid as a PNG file. */
async function picture() {
  const whole = document.createElement("canvas");
  [whole.width, whole.height] = [COLUMNS * state.width, COUNT / COLUMNS * state.height];
  const context = whole.getContext("2d");
  cells.forEach((cell, index) => context.drawImage(
    cell.firstChild, index % COLUMNS * state.width, Math.floor(index / COLUMNS) * state.height));
  const file = await new Promise((resolve) => whole.toBlob(resolve));
  return new Blob([file.slice(0, 33), new Uint8Array(MARK), file.slice(33)], { type: "image/png" });
}

async function download() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await picture());
  link.download = `cats${state.seed}.png`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

// Controls

element("controls").addEventListener("submit", (event) => { event.preventDefault(); draw(); });
element("seed").addEventListener("change", draw);
element("truncation").addEventListener("input", () => {
  element("truncationValue").textContent = truncation().toFixed(2);
  draw();
});
element("another").addEventListener("click", () => {
  element("seed").value = BigInt.asUintN(64, state.seed + BigInt(COUNT));
  draw();
});
element("download").addEventListener("click", download);
element("open").addEventListener("click", () => element("file").click());
element("file").addEventListener("change", ({ target }) => { open(target.files[0]); target.value = ""; });
element("place").addEventListener("input", ({ target }) => { play(false); show(Number(target.value)); });
element("play").addEventListener("click", () => play(!timer));
element("close").addEventListener("click", endWalk);
for (const type of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(type, (event) => {
    event.preventDefault();
    document.body.classList.toggle("over", type === "dragover");
    if (type === "drop") open(event.dataTransfer.files[0]);
  });
}

launch();
