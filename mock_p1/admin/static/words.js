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

// The notes of the journal, in which {places} stand for whatever is there.
const remarks = `
asked by the dashboard or the control API, not by a client=この画面または制御APIからの要求（クライアントではありません）
has a body; the API documents none=本文がありますが、APIの仕様にはありません
has a query string; the API documents none=クエリがありますが、APIの仕様にはありません
its retrain_job_id looks like a placeholder that was not filled in=retrain_job_id が置き換えられていないようです
no x-api-key=x-api-key がありません
no x-api-key; the request has {names}=x-api-key がありません（要求のヘッダー：{names}）
its x-api-key is empty=x-api-key が空です
has more than one x-api-key=x-api-key が複数あります
credential_type is missing or empty; the API documents {known}=credential_type がないか空です（APIの仕様：{known}）
credential_type is {value}; the API documents {known}=credential_type が {value} です（APIの仕様：{known}）
model_id is {value}; the API documents a whole number=model_id が {value} です（APIの仕様では整数）
model_id has {n} digits=model_id が{n}桁あります
filename is missing=filename がありません
filename is empty=filename が空です
filename has {n} characters; file systems take {most}=filename が{n}文字あります（ファイルシステムの上限は{most}文字）
filename begins with a byte-order mark, as editors write into a file=filename がバイト順マーク（BOM）で始まっています
filename ends with a line end ({value}), as --data-urlencode name@file sends it=filename が改行で終わっています（{value}）
filename begins or ends with a blank: {value}=filename の先頭か末尾に空白があります：{value}
filename is not UTF-8=filename がUTF-8ではありません
filename is not ASCII ({value}); how the service takes it is not documented=filename がASCIIではありません（{value}）。サービスでの扱いは仕様にありません
filename has characters that cannot be seen: {value}=filename に見えない文字があります：{value}
filename is a path ({value}); the API documents the name of the file=filename がパスです（{value}）。APIの仕様ではファイル名です
filename is {value}, which is no name=filename が {value} で、名前ではありません
has the query parameters {names}; the API documents {known}=クエリに {names} があります（APIの仕様：{known}）
has the query parameter {name} more than once; the first one counts=クエリの {name} が複数あります（最初のものを使います）
has the query parameter {names}; the API documents {known}=クエリに {names} があります（APIの仕様：{known}）
carries {what}, which does not belong here: the real link leads to another host, which then has the key={what} が送られましたが、ここでは不要です。本物のリンクは別のホストを指すため、キーが渡ってしまいます
the body is a multipart form; this PUT takes the file as it is (curl -T FILE)=本文がマルチパートのフォームです。このPUTではファイルをそのまま送ります（curl -T FILE）
the file of this job has come already=このジョブのファイルはすでに届いています
this file replaces the one that came before=前のファイルを置き換えました
the file of this job has not come=このジョブのファイルはまだ届いていません
the client broke off after {n} bytes; the job still waits for its file={n}バイトでクライアントが中断しました。ジョブはまだファイルを待っています
the client broke off after {n} bytes={n}バイトでクライアントが中断しました
1 byte came=1バイト届きました
{n} bytes came={n}バイト届きました
the scenario has no job that could be created; see new_jobs:=このシナリオには作成できるジョブがありません（new_jobs:）
the {n} ids of new_jobs: are used up; UUIDs follow=new_jobs: の{n}個のIDを使い切ったため、UUIDを使います
the job answers {error}, which this call does not document=ジョブは {error} を返しますが、この呼び出しの仕様にはありません
the job has failed=ジョブは失敗しています
the model was switched to already=モデルはすでに切り替え済みです
too many jobs that only a pattern knows: {id}, polled the longest ago, begins anew=パターンだけのジョブが多すぎるため、最も古い {id} は最初からになります
asked again {n} ms later on {fault}: the client, or its library, repeated it={fault} の{n}ミリ秒後に再送されました（クライアントかそのライブラリによるもの）
struck before the act: nothing was done=実行前に発生：何も行われていません
struck after the act: it counts, only its answer was lost=実行後に発生：処理は有効で、応答だけが失われました
the act is done, and its answer comes in the end=処理は行われ、応答は最後に届きます
the client did not wait for this answer=クライアントはこの応答を待ちませんでした
the client has not taken this answer to its end=クライアントはこの応答を最後まで受け取っていません
the client had closed its side before this answer, and may have gone=この応答の前にクライアントが送信側を閉じました（切断の可能性）
{what} is not imitated; Mock P1 imitates {known}={what} は模擬の対象外です（対象：{known}）
nothing is imitated at {path}; Mock P1 imitates {known}={path} には模擬の対象がありません（対象：{known}）
{method} is not allowed here; the API has {known}=ここでは {method} は使えません（APIの仕様：{known}）
`.trim().split("\n").map((line) => line.split(/=(?=[^=]*$)/));

const literally = (text) => text.replace(/[.*+?^$()|[\]\\]/g, "\\$&");
const shapes = remarks.map(([note, said]) => {
  const shape = literally(note).replace(/\{(\w+)\}/g, "(?<$1>.+?)");
  return [new RegExp(`^${shape}$`, "s"), said];
});

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

/** Say a note of the journal. */
export function remark(note) {
  if (language !== "ja") return note;
  for (const [shape, said] of shapes) {
    const found = shape.exec(note);
    if (found) return said.replace(/\{(\w+)\}/g, (place, name) => found.groups[name] ?? place);
  }
  return note;
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
