// Shows /openapi.json: calls by group, what they take and answer, and forms that send them. Every text
// goes into the page as text, never as HTML.
"use strict";

const $ = (id) => document.getElementById(id);
const SHOWN = 200000; // characters of an answer

function el(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value === true) node.setAttribute(key, "");
    else if (value !== false && value !== undefined) node.setAttribute(key, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

let doc = null;

// ---- schemas as words ----

const nameOf = (ref) => ref.slice(ref.lastIndexOf("/") + 1);
const follow = (x) => (x && x.$ref ? x.$ref.slice(2).split("/").reduce((at, key) => at[key], doc) : x);

// "at least 1", "1 to 100"; int64's own bounds say nothing.
function range(least, most, unit) {
  const low = least !== undefined && least > -9e18;
  const high = most !== undefined && most < 9e18;
  const what = unit ? ` ${unit}` : "";
  if (low && high) return least === most ? `${least}${what}` : `${least} to ${most}${what}`;
  if (low) return `at least ${least}${what}`;
  return high ? `at most ${most}${what}` : "";
}

// What a schema allows, as text and links; brief: its types alone.
function words(schema, brief = false) {
  if (schema.$ref) {
    const name = nameOf(schema.$ref);
    return [el("a", { href: `#schema-${name}` }, name)];
  }
  if (schema.anyOf) return schema.anyOf.flatMap((one, i) => (i ? [" or ", ...words(one)] : words(one)));
  const types = [schema.type || "anything"].flat();
  const parts = types.flatMap((type, i) => {
    const lead = i ? " or " : "";
    if (type !== "array") return [lead + type];
    return [`${lead}list of `, ...words(schema.items || {}, true)];
  });
  if (brief) return parts;
  const numeric = types.some((type) => type === "integer" || type === "number");
  const limits = [
    numeric ? range(schema.minimum, schema.maximum, "") : "",
    types.includes("string") ? range(schema.minLength || undefined, schema.maxLength, "characters") : "",
    types.includes("array") ? range(schema.minItems, schema.maxItems, "elements") : "",
    schema.enum ? `one of ${schema.enum.join(", ")}` : "",
    schema.default !== undefined ? `default ${JSON.stringify(schema.default)}` : "",
  ].filter((text) => text);
  return limits.length ? [...parts, `; ${limits.join("; ")}`] : parts;
}

function table(caption, heads, rows) {
  return el("div", { class: "scroll" }, el("table", {},
    el("caption", {}, caption),
    el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, head)))),
    el("tbody", {}, rows)));
}

function propertyRows(schema) {
  const required = new Set(schema.required || []);
  return Object.entries(schema.properties || {}).map(([name, one]) => el("tr", {},
    el("td", {}, el("code", {}, name), required.has(name) ? el("span", { class: "bad", title: "required" }, " *") : null),
    el("td", { class: "small" }, words(one)),
    el("td", {}, one.description || "")));
}

// ---- what a form starts with ----

function sample(schema) {
  schema = follow(schema);
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum[0];
  const type = [schema.type].flat()[0];
  if (type === "array") return schema.minItems ? [sample(schema.items)] : [];
  if (type === "object") {
    return Object.fromEntries((schema.required || []).map((key) => [key, sample(schema.properties[key])]));
  }
  if (type === "integer" || type === "number") return schema.minimum > 0 ? schema.minimum : 0;
  return type === "boolean" ? false : "";
}

const bodyOf = (call) => (call.op.requestBody ? call.op.requestBody.content["application/json"] : null);

// ---- trying a call ----

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function curl(request) {
  const parts = ["curl"];
  if (request.method === "POST") parts.push("-X POST");
  if (request.headers.Authorization) parts.push('-H "Authorization: Bearer $RECSYS_TOKEN"');
  if (request.body !== undefined) parts.push("-H 'Content-Type: application/json'", `-d ${quoted(request.body)}`);
  parts.push(quoted(location.origin + request.path));
  return parts.join(" ");
}

// A form's fields as a request; a message where they make none.
function requestOf(call, form) {
  const request = { method: call.method.toUpperCase(), headers: {}, path: call.path };
  const query = new URLSearchParams();
  for (const p of call.op.parameters || []) {
    const text = form.elements[p.name].value;
    if (p.in === "path") {
      if (!text) throw new Error(`${p.name} is missing`);
      request.path = request.path.replace(`{${p.name}}`, encodeURIComponent(text));
    } else if (text) {
      query.append(p.name, text);
    }
  }
  if (query.size) request.path += `?${query}`;
  if (bodyOf(call)) {
    const text = form.elements.body.value.trim();
    if (text) {
      request.headers["Content-Type"] = "application/json";
      request.body = text;
    }
  }
  const token = $("token").value;
  if (token) request.headers.Authorization = `Bearer ${token}`;
  return request;
}

function pretty(text) {
  try {
    text = JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    // not JSON: as it is
  }
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}\n… ${text.length - SHOWN} characters more` : text;
}

async function send(call, form, answer) {
  const button = form.querySelector("button");
  const focused = document.activeElement === button;
  let request;
  try {
    request = requestOf(call, form);
  } catch (error) {
    answer.replaceChildren(el("p", { class: "bad" }, error.message));
    return;
  }
  button.disabled = true;
  const begun = performance.now();
  const line = el("pre", { class: "small" }, curl(request));
  try {
    const { path, ...options } = request;
    const response = await fetch(path, options);
    const text = await response.text();
    const took = (performance.now() - begun).toFixed(1);
    const mood = response.status < 400 ? "good" : response.status < 500 ? "warn" : "bad";
    answer.replaceChildren(
      el("p", {}, el("strong", { class: mood }, `${response.status} ${response.statusText}`),
        el("span", { class: "muted" }, ` in ${took} ms, ${text.length} characters`)),
      el("pre", { tabindex: "0", "aria-label": "Answer" }, pretty(text)), line);
  } catch {
    answer.replaceChildren(el("p", { class: "bad" }, "The server does not answer."), line);
  }
  button.disabled = false;
  if (focused && document.activeElement === document.body) button.focus(); // lost when it was disabled
}

function tryForm(call) {
  const answer = el("div", { class: "answer", role: "status" });
  const inputs = (call.op.parameters || []).map((p) => {
    const id = `${call.op.operationId}-${p.name}`;
    const given = p.required && p.example !== undefined ? String(p.example) : "";
    const hint = p.example !== undefined ? String(p.example) : p.schema.default !== undefined ? String(p.schema.default) : "";
    return el("p", { class: "field" },
      el("label", { for: id }, p.name),
      el("input", { id, name: p.name, value: given, placeholder: hint, autocomplete: "off", spellcheck: "false" }));
  });
  const body = bodyOf(call);
  const id = `${call.op.operationId}-body`;
  const form = el("form", {
    onsubmit: (event) => {
      event.preventDefault();
      send(call, form, answer);
    },
  },
  inputs.length ? el("div", { class: "fields" }, inputs) : null,
  body ? el("p", { class: "field" },
    el("label", { for: id }, "Body (Ctrl+Enter sends)"),
    el("textarea", {
      id, name: "body", spellcheck: "false",
      onkeydown: (event) => {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
      },
    }, JSON.stringify(body.example || sample(body.schema), null, 2))) : null,
  el("p", { class: "row" }, el("button", { class: "main" }, "Send")));
  return [form, answer];
}

// ---- calls ----

function access(op) {
  const [last] = (op.security || []).slice(-1);
  if (!last) return "Open to everybody.";
  const scope = last.bearerAuth[0];
  const always = op.security.length === 1;
  return always ? `Needs a token of scope ${scope}.` : `Needs a token of scope ${scope} where the server asks for one.`;
}

function answerRows(op) {
  return Object.entries(op.responses).map(([status, ref]) => {
    const response = follow(ref);
    const media = Object.values(response.content || {})[0];
    return el("tr", {}, el("td", {}, el("code", {}, status)), el("td", {}, response.description),
      el("td", { class: "small" }, media ? words(media.schema) : ""));
  });
}

function inside(call) {
  const { op } = call;
  const body = bodyOf(call);
  const parameters = (op.parameters || []).map((p) => el("tr", {},
    el("td", {}, el("code", {}, p.name), p.required ? el("span", { class: "bad", title: "required" }, " *") : null),
    el("td", {}, p.in),
    el("td", { class: "small" }, words(p.schema)),
    el("td", {}, p.description)));
  return el("div", { class: "inside" },
    op.description ? el("p", {}, op.description) : null,
    el("p", { class: "small muted" }, access(op)),
    parameters.length ? table("Parameters", ["Name", "In", "Value", "Meaning"], parameters) : null,
    body && Object.keys(body.schema.properties).length
      ? table("Body", ["Name", "Value", "Meaning"], propertyRows(body.schema)) : null,
    el("details", {}, el("summary", {}, "Answers"), table("By status", ["Status", "When", "Body"], answerRows(op))),
    el("section", { "aria-label": "Try it" }, el("h4", {}, "Try it"), tryForm(call)));
}

// Made when it is first opened.
function callPanel(call) {
  const { op } = call;
  const panel = el("details", {
    class: "panel call",
    id: op.operationId,
    ontoggle: () => {
      if (panel.open && !panel.querySelector(".inside")) panel.append(inside(call));
    },
  }, el("summary", {},
    el("span", { class: `method ${call.method}` }, call.method.toUpperCase()), " ",
    el("span", { class: "path" }, call.path), " ",
    el("span", { class: "muted small" }, op.summary)));
  call.panel = panel;
  call.text = `${call.method} ${call.path} ${op.summary} ${op.tags}`.toLowerCase();
  return panel;
}

function schemaPanel([name, schema]) {
  const list = schema.type === "array";
  return el("details", { class: "panel", id: `schema-${name}` },
    el("summary", {}, el("code", {}, name)),
    list ? el("p", {}, words(schema)) : table("Keys", ["Name", "Value", "Meaning"], propertyRows(schema)));
}

// ---- the page ----

function show() {
  const calls = Object.entries(doc.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, op]) => ({ path, method, op })));
  const tags = [...new Set(calls.map((call) => call.op.tags[0]))];
  $("title").textContent = `${doc.info.title} ${doc.info.version}`;
  $("about").replaceChildren(doc.info.description, " ", el("a", { href: "/openapi.json" }, "OpenAPI document"));
  $("tags").append(...[...tags, "shapes"].map((tag) => el("a", { href: `#tag-${tag}` }, tag)));
  const sections = tags.map((tag) => el("section", { id: `tag-${tag}` }, el("h2", {}, tag),
    calls.filter((call) => call.op.tags[0] === tag).map(callPanel)));
  const shapes = el("section", { id: "tag-shapes" }, el("h2", {}, "shapes"),
    Object.entries(doc.components.schemas).map(schemaPanel));
  $("calls").append(...sections, shapes);

  $("filter").addEventListener("input", () => {
    const wanted = $("filter").value.toLowerCase().split(/\s+/).filter((word) => word);
    for (const call of calls) call.panel.hidden = !wanted.every((word) => call.text.includes(word));
    for (const section of sections) section.hidden = !section.querySelector(".call:not([hidden])");
    shapes.hidden = wanted.length > 0;
    $("none").hidden = sections.some((section) => !section.hidden);
  });
}

// The call or shape that the address names is opened.
function visit() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  if (target.tagName === "DETAILS") target.open = true;
  target.scrollIntoView();
}

function setTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  $("theme").textContent = `Theme: ${theme || "system"}`;
}

async function start() {
  try {
    const response = await fetch("/openapi.json");
    if (!response.ok) throw new Error(`status ${response.status}`);
    doc = await response.json();
  } catch (error) {
    $("about").textContent = `The document cannot be read: ${error.message}.`;
    return;
  }
  show();
  visit();
}

setTheme(localStorage.getItem("theme") || "");
$("theme").addEventListener("click", () => {
  const themes = ["", "light", "dark"];
  const next = themes[(themes.indexOf(document.documentElement.dataset.theme || "") + 1) % themes.length];
  localStorage.setItem("theme", next);
  setTheme(next);
});
$("token").value = sessionStorage.getItem("token") || "";
$("token").addEventListener("input", () => {
  if ($("token").value) sessionStorage.setItem("token", $("token").value);
  else sessionStorage.removeItem("token");
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select")) return;
  event.preventDefault();
  $("filter").focus();
});
window.addEventListener("hashchange", visit);
start();
