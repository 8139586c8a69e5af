// What the page says, in English, or in Japanese where the browser asks for it: by the catalogue
// that `python docs/messages.py` writes.

import { speaker } from "./messages.js";

const chosen = new URLSearchParams(location.search).get("lang");
const asked = navigator.languages?.length ? navigator.languages : [navigator.language || "en"];
const short = asked.map((tag) => tag.slice(0, 2).toLowerCase());
export const language = [chosen, ...short].find((tag) => tag === "ja" || tag === "en") || "en";

/** Read the catalogue of the language; without one the page stays English. */
async function catalogue() {
  try {
    const reply = await fetch(new URL(`${language}.json`, import.meta.url));
    return reply.ok ? await reply.json() : {};
  } catch {
    return {};
  }
}

const { words = {}, messages = {} } = language === "en" ? {} : await catalogue();

/** Say a text of the mock: a note of the journal, a problem, why something was not done. */
export const told = speaker(messages);

const OF_THE_API = /\b(?:GET|POST|PUT|DELETE|JSON|curl|query|parameter|body)\b|[{}]|^send /;
const stop = language === "ja" ? "。" : ". ";

/** Put sentences one after the other. */
export const joined = (sentences) => sentences.join(language === "ja" ? "" : " ");

/** Say why something was not done, and what to do instead, unless that is for programs. */
export function refusal({ message, remedy }) {
  const texts = OF_THE_API.test(remedy) ? [message] : [message, remedy];
  return `${texts.map(told).join(stop)}${stop.trim()}`;
}

/** Say what a bundled scenario is for; somebody's own words stay as they are. */
export const about = (text) => messages[text.trim().replace(/\s+/g, " ")] ?? text;

/** Say something, with {places} filled in. */
export function t(text, values = {}) {
  const said = words[text] ?? text;
  const fill = (place, name) => (name in values ? String(values[name]) : place);
  return said.replace(/\{(\w+)\}/g, fill);
}

export const many = (n, one, more, shown = n) => (n === 1 ? t(one) : t(more, { n: shown }));

export function speak(part) {
  for (const element of part.querySelectorAll("[data-t]")) {
    element.textContent = t(element.textContent.trim().replace(/\s+/g, " "));
  }
  for (const element of part.querySelectorAll("[data-t-label]")) {
    element.setAttribute("aria-label", t(element.dataset.tLabel));
    if (element.type === "search") element.placeholder = element.ariaLabel;
  }
}

/** Write a span of seconds: 20ms, 3.4s, 35s, 1m 05s, 2h 03m. */
export function span(seconds) {
  const ja = language === "ja";
  const [s, m, h, d] = ja ? ["秒", "分", "時間", "日"] : ["s", "m", "h", "d"];
  const gap = ja ? "" : " ";
  if (seconds > 0 && seconds < 0.1) return `${Math.ceil(seconds * 1000)}${ja ? "ミリ秒" : "ms"}`;
  if (seconds < 10) return `${(Math.floor(seconds * 10) / 10).toFixed(1)}${s}`;
  const whole = Math.floor(seconds);
  if (whole < 60) return `${whole}${s}`;
  const [minutes, hours, days] = [60, 3600, 86400].map((unit) => Math.floor(whole / unit));
  if (!hours) return `${minutes}${m}${gap}${pad(whole % 60)}${s}`;
  if (!days) return `${hours}${h}${gap}${pad(minutes % 60)}${m}`;
  return `${days}${d}${gap}${hours % 24}${h}`;
}

/** Write a moment of the mock's clock: 1:02:03.4. */
export function moment(seconds) {
  const tenths = Math.floor(seconds * 10 + 1e-6);
  const whole = Math.floor(tenths / 10);
  const [minutes, hours] = [60, 3600].map((unit) => Math.floor(whole / unit));
  return `${hours}:${pad(minutes % 60)}:${pad(whole % 60)}.${tenths % 10}`;
}

const pad = (n) => String(n).padStart(2, "0");
