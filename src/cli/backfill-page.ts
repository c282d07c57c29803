import type { ClipDiff, DiffSummary } from '../domain/backfill-diff.ts';
import type { ClipState } from '../domain/clip-state.ts';
import { escapeHtml } from '../mail/escape-html.ts';

/** A clip on the page; without state it has been forgotten meanwhile, without JPEG there was no way to a picture. */
export interface PageClip {
  readonly diff: ClipDiff;
  readonly state?: ClipState;
  readonly jpeg?: Buffer;
}

interface DiffPage {
  readonly batch: string;
  readonly summary: DiffSummary;
  readonly clips: readonly PageClip[];
  /** Clips that have changed, too, and are left out. */
  readonly more: number;
}

/** One page that needs no other file and no network. Everything that came from cameras, models or the owner is escaped. */
export function diffPage({ batch, summary, clips, more }: DiffPage): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>Backfill ${escapeHtml(batch)}</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>Backfill ${escapeHtml(batch)}</h1>
<p>${summary.done} of ${summary.clips} clips compared, ${summary.skipped} skipped, ${summary.failed} failed</p>
<dl>${tiles(summary)}</dl>
</header>
<main>
${clips.length === 0 ? '<p>Nothing has changed.</p>' : clips.map(card).join('\n')}
${more === 0 ? '' : `<p>${more} more are left out; <code>homesec backfill diff ${escapeHtml(batch)} --format csv</code> has all.</p>`}
</main>
</body>
</html>`;
}

const STYLE = `
:root { color-scheme: light dark; --paper: #f6f7f9; --card: #fff; --ink: #1b1f24; --faint: #5c6570; --line: #dde1e6;
  --more: #b3261e; --less: #1b6e3c; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171a; --card: #1d2125; --ink: #e6e9ec; --faint: #9aa4ae;
  --line: #32383e; --more: #ff8a80; --less: #7bd39a; } }
* { box-sizing: border-box; margin: 0; }
body { background: var(--paper); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; padding: 24px; }
header, main { max-width: 1100px; margin: 0 auto; }
h1 { font-size: 22px; }
header p, .at, dt { color: var(--faint); }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 16px 0 24px; }
dl div, article { background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
dl div { padding: 10px 14px; display: flex; flex-direction: column-reverse; justify-content: flex-end; }
dd { font-size: 24px; font-variant-numeric: tabular-nums; }
article { display: grid; grid-template-columns: 240px 1fr; gap: 16px; padding: 12px; margin-bottom: 12px; }
img, .blank { width: 100%; aspect-ratio: 16 / 9; object-fit: contain; border-radius: 4px; background: var(--line); }
.blank { display: grid; place-items: center; color: var(--faint); }
h2 { font-size: 16px; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; margin-top: 6px; }
th { text-align: left; font-weight: 500; color: var(--faint); white-space: nowrap; vertical-align: top; }
td, th { padding: 2px 8px 2px 0; }
td { width: 50%; vertical-align: top; overflow-wrap: anywhere; }
.more { color: var(--more); font-weight: 600; }
.less { color: var(--less); font-weight: 600; }
@media (max-width: 640px) { body { padding: 12px; } article { grid-template-columns: 1fr; } }
`;

const tiles = ({ classesChanged, riskChanged, wouldAlert, wouldNotAlert }: DiffSummary): string =>
  [
    ['would alert now', wouldAlert],
    ['would not any more', wouldNotAlert],
    ['other classes', classesChanged],
    ['another risk', riskChanged],
  ]
    .map(([what, count]) => `<div><dt>${what}</dt><dd>${count}</dd></div>`)
    .join('');

function card({ diff, state, jpeg }: PageClip): string {
  const picture =
    jpeg === undefined
      ? '<div class="blank">no picture</div>'
      : `<img alt="" loading="lazy" src="data:image/jpeg;base64,${jpeg.toString('base64')}">`;
  return `<article>
<div>${picture}</div>
<div>
<h2>${escapeHtml(state?.cameraName ?? diff.clipId)} ${verdict(diff)}</h2>
<p class="at">${escapeHtml(state?.recordedStartAt ?? '')} · ${escapeHtml(diff.clipId)}</p>
<table>
<tr><th></th><th>before</th><th>now</th></tr>
${row('seen', seenText(diff.seenBefore), seenText(diff.seenAfter))}
${row('risk', ...risksOf(diff))}
${row('decision', diff.reasonBefore || 'undecided', diff.reasonAfter)}
${row('described', diff.summaryBefore, diff.summaryAfter)}
</table>
</div>
</article>`;
}

const seenText = (seen: ClipDiff['seenBefore']): string =>
  seen === undefined ? '' : `${seen.detectedClasses.join(', ') || 'nothing'} (${seen.model})`;

/** Empty where there is no description on either side. */
function risksOf({ riskBefore, riskAfter }: ClipDiff): [before: string, after: string] {
  const absent = riskBefore === riskAfter ? '' : 'none';
  return [riskBefore ?? absent, riskAfter ?? absent];
}

function row(what: string, before: string, after: string): string {
  if (before === '' && after === '') return '';
  return `<tr><th>${what}</th><td>${escapeHtml(before)}</td><td>${escapeHtml(after)}</td></tr>`;
}

function verdict({ alert }: ClipDiff): string {
  if (alert === undefined) return '';
  return alert === 'would' ? '<span class="more">would alert now</span>' : '<span class="less">would not alert</span>';
}
