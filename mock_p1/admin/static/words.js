// What the page says, in English, or in Japanese where the browser asks for it.

const japanese = Object.fromEntries(`
To the jobs=ジョブへ
To the polls=ポーリングへ
connecting=接続中
live=接続済み
reconnecting=再接続中
Clock and controls=時計と操作
Time=時刻
Freeze=停止
How far to advance=進める時間
Advance=進める
Speed=速さ
Fail the next calls=次の呼び出しを失敗させる
Of which call=対象の呼び出し
With what=失敗の種類
How many times=回数
Queue=予約
Take back=取り消す
Scenario=シナリオ
Which scenario=シナリオの選択
Switch=切り替え
Your own…=自分のシナリオ…
Reset all=すべてリセット
Jobs=ジョブ
Find a job by its id=IDで探す
Polls=ポーリング
Forget=消去
Polls, the newest first=ポーリング（新しい順）
Nobody has polled yet. This does:=まだポーリングがありません。次の行で試せます：
Copy=コピー
Copied.=コピーしました。
The scenario’s text=シナリオの本文
Close=閉じる
A scenario of your own=自分のシナリオ
checked=先に検査します。誤りがあれば、今のシナリオを続けます。
A scenario file=シナリオのファイル
The scenario, as YAML or JSON=シナリオ（YAMLまたはJSON）
Check and switch=検査して切り替え
This mock asks for its token=トークンが必要です
printed=mock-p1 serve が起動時に表示したものです。
Token=トークン
The token is wrong.=トークンが違います。
Enter=入る
Step=次へ
Fail the next=次を失敗させる
Reset this job=このジョブをリセット
Jump here=ここへ
Move {id} to its next step={id} を次へ進める
Jump here: step {n}, {name}=ここへ：ステップ{n}、{name}
here=現在
Language=言語
Colours:=色の意味：
waiting=待機中
running=実行中
finished=完了
error or failed=エラー・失敗
fault=通信障害
anything else=その他
a poll=ポーリング
Edit…=編集…
Download, with its keys=ダウンロード（キーを含む）
Resume=再開
Polls by this page, for a demonstration:=この画面からのポーリング（デモ用）：
Poll once=1回ポーリング
Poll every so many seconds=秒ごとにポーリング
Seconds between polls=ポーリングの間隔（秒）
Polls {id} every {n} s.={n}秒ごとに {id} をポーリングします。
What was answered=応答の内容
Answer=応答
Answer to poll {n}=応答：ポーリング{n}
nothing=応答なし
Download {name}={name} をダウンロード
Keys are masked; those of unchanged lines are kept.=キーは伏せてあります。変更しない行のキーはそのまま使われます。
1 byte=1バイト
1 request could not be shown in time.=1件のリクエストは表示が間に合いませんでした。
1 more line=あと1行
Key {key}: step {n}, {name}, polled once=キー {key}：ステップ{n}（{name}）、ポーリング1回
asked by the dashboard or the control API, not by a client=この画面または制御APIからの要求（クライアントではありません）
has a body; the API documents none=本文がありますが、APIの仕様にはありません
has a query string; the API documents none=クエリがありますが、APIの仕様にはありません
its retrain_job_id looks like a placeholder that was not filled in=retrain_job_id が置き換えられていないようです
has more than one x-api-key=x-api-key が複数あります
not polled yet=まだポーリングなし
at its end=最後のステップ
waits for a step by hand=手動で進むのを待っています
1 more poll=あと1回
{n} more polls=あと{n}回
{time} left=残り{time}
by hand=手動
until its file comes=ファイルが届くまで
waits for its file=ファイルを待っています
{n} bytes={n}バイト
downloaded × {n}=ダウンロード{n}回
model switched=モデル切り替え済み
1 poll=1回
{n} polls={n}回
Step {n} of {all}=ステップ{n}/{all}
frozen=停止中
real time=実時間
{n} times={n}倍速
by hand only=手動のみ
errors=エラー
faults=通信障害
any job=全ジョブ
{what} × {n}, {job}={what} × {n}（{job}）
and {n} more=ほか{n}件
{shown} of {all} are shown; find the others by their id.={all}件中{shown}件を表示しています。ほかはIDで探してください。
No job yet. One shows here as soon as it is polled.=ジョブはまだありません。ポーリングされると表示されます。
No job has that in its id.=該当するジョブはありません。
No text: made in Python, or read from several files.=Pythonで作成、または複数ファイルのため、本文はありません。
{n} more lines=あと{n}行
Key {key}: step {n}, {name}, polled {times} times=キー {key}：ステップ{n}（{name}）、ポーリング{times}回
{id} is at {name} now.={id} は {name} になりました。
{id} starts again.={id} を最初に戻しました。
Everything starts again.=すべて最初に戻しました。
{name} is played; {kept} jobs go on, {dropped} start again.={name} に切り替えました（継続{kept}、最初から{dropped}）。
The clock was advanced by {span}.=時計を{span}進めました。
Queued.=予約しました。
{n} requests could not be shown in time.={n}件のリクエストは表示が間に合いませんでした。
The mock does not answer.=モックが応答しません。
open {id}={id} を開く
not imitated=対象外
{n} problems=誤り{n}件
1 problem=誤り1件
broken=シナリオのファイルが変更されましたが、誤りがあります。前のものを続けています。
`.split("\n").map((line) => line.split("=")));

const chosen = new URLSearchParams(location.search).get("lang");
const asked = navigator.languages?.length ? navigator.languages : [navigator.language || "en"];
const short = asked.map((tag) => tag.slice(0, 2).toLowerCase());
export const language = [chosen, ...short].find((tag) => tag === "ja" || tag === "en") || "en";

/** Say something, with {places} filled in. */
export function t(text, values = {}) {
  const said = (language === "ja" && japanese[text]) || text;
  const fill = (place, name) => (name in values ? String(values[name]) : place);
  return said.replace(/\{(\w+)\}/g, fill);
}

export const many = (n, one, more, shown = n) => (n === 1 ? t(one) : t(more, { n: shown }));

export function speak(part) {
  for (const element of part.querySelectorAll("[data-t]")) {
    const text = element.textContent.trim();
    element.textContent = language === "ja" ? t(element.dataset.t || text) : text;
  }
  for (const element of part.querySelectorAll("[data-t-label]")) {
    element.setAttribute("aria-label", t(element.dataset.tLabel));
    if (element.type === "search") element.placeholder = element.ariaLabel;
  }
}

/** Write a span of seconds: 3.4s, 35s, 1m 05s, 2h 03m. */
export function span(seconds) {
  const ja = language === "ja";
  const [s, m, h, d] = ja ? ["秒", "分", "時間", "日"] : ["s", "m", "h", "d"];
  const gap = ja ? "" : " ";
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
