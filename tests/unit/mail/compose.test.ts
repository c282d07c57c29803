import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { composeMail, isMailed } from '../../../src/mail/compose.ts';
import { mailFields } from '../../../src/mail/mail-fields.ts';
import { BARE_ALERT, FULL_ALERT, OFFLINE_ALERT } from '../../support/sample-alert.ts';

const ADDRESSES = { from_email: 'homesec@house.example', to_emails: ['owner@house.example'], timezone: 'Europe/Berlin' };
const settingsOf = (settings: Record<string, unknown>) => z.strictObject(mailFields).parse({ ...ADDRESSES, ...settings });

describe('a template of the owner', () => {
  test('is filled in with what is known, and only once', () => {
    // Given a summary that looks like a placeholder itself
    const settings = settingsOf({
      subject_template: '{camera_name}, {time}: {risk_level} {activity_type}',
      text_template: '{summary} | {detected_classes} | {analysis} | {duration_s} s | {unverified} {upload_failed} | {ts}',
    });
    // When
    const mail = composeMail({ ...FULL_ALERT, summary: '{clip_id} {view_url}' }, settings);
    // Then
    expect(mail.subject).toBe('Front Door, Mon, 23 Nov 2026, 03:27:00 CET: high suspicious_behavior');
    expect(mail.text).toBe(
      '{clip_id} {view_url} | person, dog | ' +
        '- 00:00:01.50 to 00:00:08.00, person: adult in a dark hood; left to right; porch; door handle\n- hood up' +
        ' | 10 s | false false | 2026-11-23T02:27:14.020Z',
    );
  });

  test('has unknown and empty for what is not known', () => {
    // Given
    const settings = settingsOf({ text_template: '[{risk_level}] [{summary}] [{analysis}] [{view_url}]' });
    // When
    const { text } = composeMail(BARE_ALERT, settings);
    // Then
    expect(text).toBe('[unknown] [] [] []');
  });

  test('is HTML in which every value is text, between tags and in quotes', () => {
    // Given
    const html_template =
      '<style>p { color: red }</style><p title="{camera_name}">{summary}</p><a href=\'{view_url}\'>{analysis}</a>{snapshot}';
    const alert = {
      ...FULL_ALERT,
      cameraName: '" onclick="alert(1)',
      summary: '<b>&',
      viewUrl: "https://a.example/'><script>",
      snapshot: new Uint8Array(3),
    };
    // When
    const { html } = composeMail(alert, settingsOf({ html_template }));
    // Then
    expect(html).toContain('<style>p { color: red }</style><p title="&quot; onclick=&quot;alert(1)">&lt;b&gt;&amp;</p>');
    expect(html).not.toMatch(/<script|'>'/);
    expect(html).toMatch(/<img src="cid:snapshot@homesec"[^>]*>$/);
  });

  test.each(['javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', 'not an address'])(
    'is given no link by %j',
    (viewUrl) => {
      // Given
      const settings = settingsOf({ html_template: '<a href="{view_url}">watch</a>' });
      // When
      const { html } = composeMail({ ...FULL_ALERT, viewUrl }, settings);
      // Then
      expect(html).toBe('<a href="">watch</a>');
    },
  );

  test('is for clips: news of a camera has words of its own', () => {
    // Given
    const settings = settingsOf({ subject_template: '{risk_level}', text_template: '{summary}', html_template: '{summary}' });
    // When
    const mail = composeMail(OFFLINE_ALERT, settings);
    // Then
    expect(mail.subject).toBe('[HomeSec] Front Door is offline');
    expect(mail.text).toBe('Front Door is offline\nMon, 23 Nov 2026, 03:26:00 CET\n\nconnection refused\n');
  });

  test.each([
    ['{summery}', 'did you mean {summary}?'],
    ['{snapshot}', 'there is no placeholder {snapshot}'],
    ['{analysis_html}', 'there is no placeholder {analysis_html}'],
  ])('is refused when it names %j', (text_template, message) => {
    // Given
    // When
    const parsed = z.strictObject(mailFields).safeParse({ ...ADDRESSES, text_template });
    // Then
    expect(parsed.error?.issues[0]?.message).toContain(message);
  });
});

describe('the built-in mail', () => {
  test.each([
    ['low', '#15803d'],
    ['medium', '#b45309'],
    ['high', '#c2410c'],
    ['critical', '#b91c1c'],
  ] as const)('has a colour for the risk %s', (riskLevel, colour) => {
    // Given
    // When
    const { html } = composeMail({ ...FULL_ALERT, riskLevel }, settingsOf({}));
    // Then
    expect(html).toContain(`border-top:6px solid ${colour}`);
  });

  test('stays of a size that clients show whole, whatever a model wrote', () => {
    // Given a model that lost its way
    const endless = '<'.repeat(1_000_000);
    const alert = { ...FULL_ALERT, cameraName: endless, summary: endless, activityType: endless };
    // When
    const mail = composeMail(alert, settingsOf({ text_template: '{summary}{analysis}{camera_name}' }));
    // Then Gmail cuts off at 102 KB
    expect(mail.html.length).toBeLessThan(20_000);
    expect(mail.text.length).toBeLessThan(12_000);
    expect(mail.subject.length).toBeLessThanOrEqual(200);
  });

  test.each(['a\u202eb', 'a\r\nb', 'a\u2028b', 'a\0b'])('has the camera %j on one line, the right way round', (cameraName) => {
    // Given
    // When
    const { subject } = composeMail({ ...FULL_ALERT, cameraName }, settingsOf({ subject_template: '{camera_name}' }));
    // Then
    expect(subject).toBe('a b');
  });
});

test.each([
  [{ revision: 2 }, true],
  [{ revision: 3 }, false],
  [{ revision: 3, worse: true }, true],
])('an update %j of a visit is mailed, by default: %s', (changes, expected) => {
  // Given an update, When it is asked about, Then
  expect(isMailed({ ...FULL_ALERT, ...changes }, settingsOf({}).follow_ups)).toBe(expected);
});
