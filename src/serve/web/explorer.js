// The explorer: users with history and recommendations side by side, items, versions. Every text from
// the server goes into the page as text, never as HTML.
"use strict";

const $ = (id) => document.getElementById(id);
const view = $("view");

// ---- making elements ----

function el(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value === true) node.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(key, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

function svg(name, attributes, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

const number = (x, digits = 4) => (x === null || x === undefined ? "" : Number(x).toFixed(digits));
const interval = (pair) => (pair ? `[${number(pair[0])}, ${number(pair[1])}]` : "");
const day = (text) => (text ? text.slice(0, 10) : "");
const minute = (ms) => (ms ? new Date(ms).toISOString().slice(0, 16).replace("T", " ") : "");
const titleOf = (row) => row.title || `item ${row.item_id}`;
const genresOf = (row) => (row.genres ? row.genres.split("|").join(", ") : "");
const itemLink = (row) => el("a", { href: `#/item/${encodeURIComponent(row.item_id)}` }, titleOf(row));
const announce = (text) => { $("announce").textContent = text; };

// ---- asking the server ----

class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function ask(path, body) {
  const headers = {};
  const token = sessionStorage.getItem("token");
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, {
      method: body === undefined ? "GET" : "POST",
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Refusal(0, "the server does not answer");
  }
  const text = await response.text();
  let answer = null;
  try {
    answer = JSON.parse(text);
  } catch {
    throw new Refusal(response.status, `status ${response.status}`);
  }
  if (!response.ok) throw new Refusal(response.status, answer.error ? answer.error.message : text);
  return answer;
}

function complain(error) {
  const hints = {
    401: "Set a token (top right).",
    403: "The token may not do this.",
  };
  $("notice").textContent = `${error.message}. ${hints[error.status] || ""}`;
  $("notice").hidden = false;
}

// Answers that come after the reader went elsewhere are dropped.
let place = 0;
async function load(work) {
  const here = ++place;
  $("notice").hidden = true;
  view.classList.add("busy");
  try {
    const content = await work();
    if (here !== place) return;
    view.replaceChildren(...content.flat());
    const heading = view.querySelector("h1");
    if (heading) document.title = `${heading.textContent} - recsys-tui`;
  } catch (error) {
    if (here !== place) return;
    view.replaceChildren();
    complain(error);
  } finally {
    if (here === place) view.classList.remove("busy");
  }
}

// A disabled button loses the focus: it gets it back, unless the reader has gone on.
async function attempt(button, work) {
  const focused = document.activeElement === button;
  button.disabled = true;
  try {
    await work();
    $("notice").hidden = true;
  } catch (error) {
    complain(error);
  }
  button.disabled = false;
  if (focused && document.activeElement === document.body) button.focus();
}

// ---- lists that can be searched and paged ----

const PAGE = 100;

function searchForm(label, text, target) {
  const input = el("input", { id: "search", type: "search", value: text, autocomplete: "off" });
  return el("form", {
    class: "search",
    role: "search",
    onsubmit: (event) => {
      event.preventDefault();
      location.hash = `#/${target}?search=${encodeURIComponent(input.value.trim())}`;
    },
  }, el("p", { class: "field" }, el("label", { for: "search" }, label), input),
  el("button", { class: "main" }, "Search"));
}

function pages(target, search, offset, count) {
  const link = (text, to) => el("a", {
    href: `#/${target}?search=${encodeURIComponent(search)}&offset=${to}`,
  }, text);
  return el("p", { class: "row small" },
    `${count.toLocaleString("en")} in all`,
    offset > 0 ? link("Previous", Math.max(0, offset - PAGE)) : null,
    offset + PAGE < count ? link("Next", offset + PAGE) : null);
}

async function usersView(query) {
  const search = query.get("search") || "";
  const offset = Number(query.get("offset")) || 0;
  const asked = new URLSearchParams({ limit: PAGE, offset });
  if (search) asked.set("search", search);
  const { users, count } = await ask(`/users?${asked}`);
  const direct = search && !users.some((id) => String(id) === search);
  return [
    el("h1", {}, "Users"),
    searchForm("User id", search, "users"),
    direct ? el("p", {}, el("a", { href: `#/user/${encodeURIComponent(search)}` },
      `Show what ${search} would get, known or not`)) : null,
    el("ul", { class: "ids", onkeydown: walk }, users.map((id) => el("li", {},
      el("a", { href: `#/user/${encodeURIComponent(id)}` }, String(id))))),
    pages("users", search, offset, count),
  ].filter(Boolean);
}

// Arrow keys go through a list of links.
function walk(event) {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!step) return;
  const links = [...event.currentTarget.querySelectorAll("a")];
  const to = links[links.indexOf(document.activeElement) + step];
  if (to) {
    to.focus();
    event.preventDefault();
  }
}

async function itemsView(query) {
  const search = query.get("search") || "";
  const offset = Number(query.get("offset")) || 0;
  const asked = new URLSearchParams({ limit: PAGE, offset });
  if (search) asked.set("search", search);
  const { items, count } = await ask(`/items-with-metadata?${asked}`);
  return [
    el("h1", {}, "Items"),
    searchForm("Title or id", search, "items"),
    table(["item", "title", "genres", "year", "popularity"], items.map((row) => [
      String(row.item_id), itemLink(row), genresOf(row), row.year === null ? "" : String(row.year),
      number(row.popularity, 0)]), [0, 3, 4]),
    pages("items", search, offset, count),
  ];
}

function table(head, rows, numbers = [], caption = null) {
  const kind = (i) => (numbers.includes(i) ? { class: "number" } : {});
  return el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption || head.join(", ") },
    el("table", {},
      caption ? el("caption", {}, caption) : null,
      el("thead", {}, el("tr", {}, head.map((text, i) => el("th", { scope: "col", ...kind(i) }, text)))),
      el("tbody", {}, rows.map((row) => (row instanceof Node ? row : el("tr", {},
        row.map((cell, i) => el("td", kind(i), cell))))))));
}

// ---- one user ----

function historyPanel(user, history) {
  if (!history) {
    return el("section", { class: "panel later" }, el("h2", {}, "History"),
      el("p", { class: "muted" }, `The model does not know ${user}: the list is what a stranger gets.`));
  }
  return el("section", { class: "panel history later", "aria-labelledby": "history-title" },
    el("h2", { id: "history-title" }, `History (${history.count.toLocaleString("en")})`),
    el("ul", { class: "list" }, history.history.map((row) => el("li", {},
      el("div", { class: "entry" }, itemLink(row),
        el("span", { class: "value" }, row.value === null ? "" : number(row.value, 1)),
        el("div", { class: "under small muted" }, genresOf(row) ? el("span", {}, genresOf(row)) : null,
          el("span", {}, day(row.timestamp)), row.part === "train" ? null : el("span", { class: "tag" }, row.part)))))),
    history.count > history.history.length
      ? el("p", { class: "small muted" }, `the newest ${history.history.length}`) : null);
}

function reasonsOf(answer) {
  const most = Math.max(...answer.contributions.map((row) => Math.abs(row.contribution)), 1e-9);
  return el("div", { class: "reasons" },
    el("p", { class: "small muted" }, `score ${number(answer.score)}, of it by the ` +
      `${answer.contributions.length} strongest past items:`),
    el("ul", {}, answer.contributions.map((row) => {
      const share = (100 * Math.abs(row.contribution)) / most;
      return el("li", { class: "reason" }, el("span", {}, itemLink(row)),
        svg("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
          svg("rect", { class: row.contribution < 0 ? "bar against" : "bar", width: share, height: 10 })),
        el("span", { class: "value" }, `${row.contribution < 0 ? "" : "+"}${number(row.contribution)}`));
    })));
}

function whyButton(user, row, entry) {
  const button = el("button", {
    type: "button",
    class: "small",
    "aria-expanded": "false",
    onclick: () => attempt(button, async () => {
      const open = entry.querySelector(".reasons");
      if (open) {
        open.remove();
        button.setAttribute("aria-expanded", "false");
        return;
      }
      const asked = new URLSearchParams({ user_id: user, item_id: row.item_id, k: 8 });
      entry.append(reasonsOf(await ask(`/explain?${asked}`)));
      button.setAttribute("aria-expanded", "true");
    }),
  }, "Why");
  return button;
}

function likeButton(user, row, again) {
  if (!sessionStorage.getItem("token")) return null;
  const button = el("button", {
    type: "button",
    class: "small like",
    onclick: () => attempt(button, async () => {
      await ask("/feedback", { user_id: user, item_id: row.item_id, type: "explorer" });
      announce(`${titleOf(row)} stored; the list is new`);
      await again();
      const same = view.querySelectorAll(".like")[row.rank - 1]; // this button's place in the new list
      if (same && document.activeElement === document.body) same.focus();
    }),
  }, "Liked it");
  return button;
}

function recommendationRow(user, row, personal, again) {
  const entry = el("li", {});
  entry.append(el("div", { class: "entry" },
    el("span", { class: "place" }, String(row.rank)), itemLink(row),
    el("span", { class: "value" }, number(row.score, 3)),
    el("div", { class: "under small muted" }, el("span", {}, genresOf(row)),
      personal ? whyButton(user, row, entry) : null, likeButton(user, row, again))));
  return entry;
}

const options = { k: 20, exclude_seen: true, diversity: 0, genres: "" };

function optionsForm(again) {
  const k = el("input", { id: "opt-k", type: "number", min: 1, max: 100, value: options.k });
  const diversity = el("input", {
    id: "opt-diversity", type: "range", min: 0, max: 1, step: 0.05, value: options.diversity,
  });
  const genres = el("input", { id: "opt-genres", value: options.genres, placeholder: "Drama, Comedy" });
  const amount = el("output", { for: diversity.id }, Number(options.diversity).toFixed(2));
  diversity.addEventListener("input", () => { amount.textContent = Number(diversity.value).toFixed(2); });
  const seen = el("input", { id: "opt-seen", type: "checkbox", checked: options.exclude_seen });
  const take = () => {
    options.k = Math.min(100, Math.max(1, Number(k.value) || 10));
    options.diversity = Number(diversity.value);
    options.genres = genres.value;
    options.exclude_seen = seen.checked;
    again();
  };
  const field = (text, input) => el("p", { class: "field" }, el("label", { for: input.id }, text), input);
  const slider = field("Diversity ", diversity);
  slider.firstChild.append(amount);
  return el("form", { class: "options", onsubmit: (e) => { e.preventDefault(); take(); }, onchange: take },
    field("Length", k), slider, field("Genres", genres),
    el("p", { class: "check" }, seen, el("label", { for: "opt-seen" }, "without what is seen")));
}

function wish(user, cursor) {
  const body = { user_id: user, k: options.k, exclude_seen: options.exclude_seen };
  if (options.diversity > 0) body.diversity = options.diversity;
  const genres = options.genres.split(",").map((text) => text.trim()).filter(Boolean);
  if (genres.length) body.genres = genres;
  if (cursor) body.cursor = cursor;
  return body;
}

function recommendationsPanel(user) {
  const list = el("ol", { class: "list" });
  const source = el("p", { class: "small muted" });
  const more = el("button", { type: "button" }, "More");
  let cursor = null;
  const show = async (next) => {
    const answer = await ask("/recommend", wish(user, next));
    const personal = !answer.source.startsWith("popularity:");
    if (!next) list.replaceChildren();
    list.append(...answer.recommendations.map((row) => recommendationRow(user, row, personal, again)));
    if (!list.children.length) list.append(el("li", { class: "muted" }, "nothing is left to list"));
    source.textContent = `by ${answer.source}, version ${answer.model_version}, ${answer.timestamp.slice(0, 19)}Z`;
    cursor = answer.next_cursor || null;
    more.hidden = !cursor;
  };
  const again = () => attempt(more, async () => {
    await show(null);
    const history = await historyOf(user);
    const old = view.querySelector(".later");
    if (old) old.replaceWith(historyPanel(user, history));
  });
  more.addEventListener("click", () => attempt(more, () => show(cursor)));
  const panel = el("section", { class: "panel", "aria-labelledby": "list-title" },
    el("h2", { id: "list-title" }, "Recommendations"), optionsForm(() => attempt(more, () => show(null))),
    source, list, more);
  return show(null).then(() => panel);
}

async function historyOf(user) {
  try {
    return await ask(`/user/${encodeURIComponent(user)}/history?limit=50`);
  } catch (error) {
    if (error.status === 404) return null;
    throw error;
  }
}

async function userView(user) {
  const [history, panel] = await Promise.all([historyOf(user), recommendationsPanel(user)]);
  return [
    el("h1", {}, `User ${user}`),
    el("div", { class: "pair" }, historyPanel(user, history), panel),
  ];
}

// ---- one item ----

async function itemView(item) {
  const answer = await ask("/similar-items", { item_id: item, k: 30 });
  const found = await ask(`/items-with-metadata?${new URLSearchParams({ search: item, limit: 1000 })}`);
  const row = found.items.find((other) => String(other.item_id) === item) || { item_id: item, title: "" };
  return [
    el("h1", {}, titleOf(row)),
    el("p", { class: "muted" }, [genresOf(row), row.year ? String(row.year) : "",
      row.popularity === undefined ? "" : `popularity ${number(row.popularity, 0)}`].filter(Boolean).join(" · ")),
    table(["", "similar item", "genres", "similarity"], answer.similar_items.map((other) => [
      String(other.rank), itemLink(other), genresOf(other), number(other.similarity, 3)]), [0, 3]),
  ];
}

// ---- versions ----

// Interval on the scale of its column, which goes from low to high with 0 between: a line, and one at 0.
function whisker(pair, low, high) {
  const x = (v) => 2 + (96 * (v - low)) / (high - low || 1);
  const picture = svg("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" });
  picture.append(svg("line", { class: "axis", x1: x(0), x2: x(0), y1: 0, y2: 10 }));
  picture.append(svg("line", { class: "whisker", x1: x(pair[0]), x2: x(pair[1]), y1: 5, y2: 5 }));
  return el("span", { class: "span" }, picture);
}

// precision_at_5 before precision_at_10.
const byName = (a, b) => a.metric.localeCompare(b.metric, "en", { numeric: true });

function metricsPanel(evaluation) {
  if (!evaluation) {
    return [el("p", { class: "muted" }, "Not evaluated yet: recsys-tui evaluate --run RUN.")];
  }
  const paired = evaluation.metrics.filter((row) => row.difference_interval);
  const low = Math.min(0, ...paired.map((row) => row.difference_interval[0]));
  const high = Math.max(0, ...paired.map((row) => row.difference_interval[1]));
  const mark = { better: "good", worse: "bad" };
  return [table(["metric", "value", "95 % interval", "popularity", "difference", "95 % interval", "", ""],
    [...evaluation.metrics].sort(byName).map((row) => [
      row.metric, number(row.value), interval(row.interval), number(row.popularity),
      number(row.difference), interval(row.difference_interval),
      row.difference_interval ? whisker(row.difference_interval, low, high) : "",
      el("span", { class: mark[row.verdict] || "muted" }, row.verdict || ""),
    ]), [1, 3, 4], `${evaluation.part} part, ${evaluation.users.toLocaleString("en")} users`)];
}

function versionPanel(model) {
  const run = model.run || {};
  return el("section", { class: "panel", "aria-labelledby": "version-title" },
    el("h2", { id: "version-title" }, `Version ${model.version}: ${model.model}`),
    el("p", { class: "small muted" }, `run ${run.run_id || ""} on ${model.dataset}/${model.split}, ` +
      `seed ${run.seed}, bundle ${String(model.bundle).slice(0, 12)}`),
    metricsPanel(run.evaluation),
    el("details", {}, el("summary", {}, "Parameters"),
      table(["parameter", "value"], Object.entries(run.params || {}).map(([key, value]) => [
        key, String(value)]))));
}

function verdictCell(verdict) {
  if (!verdict) return "";
  return el("details", {},
    el("summary", { class: verdict.pass ? "good" : "bad" }, verdict.pass ? "passed" : "failed"),
    el("ul", {}, (verdict.rules || []).map((rule) => el("li", {},
      `${rule.pass ? "pass" : "FAIL"} ${rule.rule}: ${rule.detail}`))));
}

const arrow = (row) => (row.alias ? `@${row.alias} ` : "") +
  (row.from_version ? `v${row.from_version} \u2192 ` : "") + (row.version ? `v${row.version}` : "");

async function modelsView(chosen) {
  const [{ versions }, { history }] = await Promise.all([
    ask("/models"), ask("/models/journal?limit=200")]);
  const serving = versions.find((row) => row.aliases.includes("production"));
  const shown = chosen || (serving || versions[0] || {}).version;
  const model = shown === undefined ? null : await ask(`/models/${encodeURIComponent(shown)}`);
  const rows = versions.map((row) => el("tr", { class: String(row.version) === String(shown) ? "chosen" : null },
    el("td", {}, el("a", {
      href: `#/models/${row.version}`,
      "aria-current": String(row.version) === String(shown) ? "true" : null,
    }, `v${row.version}`)),
    el("td", {}, row.model), el("td", {}, row.stage), el("td", {}, row.aliases.map((a) => `@${a}`).join(" ")),
    el("td", {}, row.split), el("td", {}, day(row.created)), el("td", {}, row.description)));
  return [
    el("h1", {}, "Models"),
    versions.length ? table(["version", "model", "stage", "aliases", "data", "made", "note"], rows, [], "Versions")
      : el("p", { class: "muted" }, "No version is registered: recsys-tui model register --run RUN."),
    model ? versionPanel(model) : null,
    table(["when (UTC)", "who", "what", "versions", "gate", "why"], history.map((row) => [
      minute(row.time_ms), row.actor, row.action, arrow(row), verdictCell(row.verdict), row.reason]), [], "Journal"),
  ].filter(Boolean);
}

// ---- frame ----

const views = {
  users: (rest, query) => usersView(query),
  user: (rest) => userView(rest),
  items: (rest, query) => itemsView(query),
  item: (rest) => itemView(rest),
  models: (rest) => modelsView(rest),
};

function route() {
  const [path, search] = (location.hash.slice(2) || "users").split("?");
  const slash = path.indexOf("/");
  const name = slash < 0 ? path : path.slice(0, slash);
  const rest = slash < 0 ? "" : decodeURIComponent(path.slice(slash + 1));
  const section = { user: "users", item: "items" }[name] || name;
  for (const link of document.querySelectorAll(".top nav a")) {
    if (link.getAttribute("href") === `#/${section}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  load(() => (views[name] || views.users)(rest, new URLSearchParams(search || "")))
    .then(() => window.scrollTo(0, 0));
}

async function service() {
  const box = $("service");
  try {
    const health = await ask("/health");
    box.textContent = health.model_loaded
      ? `version ${health.model_version}, ${health.n_users.toLocaleString("en")} users, ` +
        `${health.n_items.toLocaleString("en")} items` : "no model";
    box.className = `small muted dot${health.status === "healthy" ? "" : " off"}`;
    box.title = (health.problems || []).join("; ");
  } catch (error) {
    box.textContent = error.message;
    box.className = "small bad dot off";
  }
}

function nextTheme() {
  const order = ["", "light", "dark"];
  const now = document.documentElement.dataset.theme || "";
  const next = order[(order.indexOf(now) + 1) % order.length];
  if (next) document.documentElement.dataset.theme = next;
  else delete document.documentElement.dataset.theme;
  localStorage.setItem("theme", next);
  $("theme").textContent = next ? `Theme: ${next}` : "Theme: system";
}

function keys(event) {
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const box = $("search");
  event.preventDefault();
  if (box) box.focus();
  else location.hash = "#/users";
}

// "#main" is no view.
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  $("main").focus();
});

const dialog = $("token-dialog");
$("access").addEventListener("click", () => {
  $("token").value = sessionStorage.getItem("token") || "";
  dialog.showModal();
});
dialog.addEventListener("close", () => {
  if (dialog.returnValue === "keep" && $("token").value) sessionStorage.setItem("token", $("token").value);
  if (dialog.returnValue === "drop") sessionStorage.removeItem("token");
  $("token").value = "";
  route();
});
const theme = localStorage.getItem("theme");
if (theme) document.documentElement.dataset.theme = theme;
$("theme").textContent = theme ? `Theme: ${theme}` : "Theme: system";
$("theme").addEventListener("click", nextTheme);
window.addEventListener("hashchange", route);
document.addEventListener("keydown", keys);
setInterval(service, 5000);
service();
route();
