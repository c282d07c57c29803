import { join } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { err, ok } from '../../src/domain/result.ts';
import { pluginFailure } from '../../src/domain/stage-error.ts';
import { openBrowser } from '../support/browser.ts';
import { type ClipWorld, handleOf, openClipWorld, PROWLER } from '../support/clip-world.ts';
import { stack } from '../support/stack.ts';

let world: ClipWorld;
let browser: Browser;
let page: Page;
beforeAll(async () => {
  [world, browser] = await Promise.all([openClipWorld(), openBrowser()]);
  page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.setDefaultTimeout(60_000);
});
afterAll(async () => {
  await browser.close();
  await world[Symbol.asyncDispose]();
});

/** The page holds each dialog twice, one of them out of sight. */
const seen = (locator: Locator): Locator => locator.locator('visible=true');
const workflows = (): string => `${stack.temporalUiUrl}/namespaces/${world.client.options.namespace}/workflows`;

/** Parts of the window. */
const MAIN = { x: 256, y: 48, width: 1024, height: 852 };
const DIALOG = { x: 240, y: 200, width: 800, height: 500 };

/** Pictures of the guide: `HOMESEC_SCREENSHOTS=docs/guide/img make test T=tests/e2e/temporal-ui.test.ts`. */
async function picture(name: string, clip: typeof MAIN): Promise<void> {
  const folder = process.env['HOMESEC_SCREENSHOTS'];
  if (folder !== undefined) await page.screenshot({ path: join(folder, `temporal-ui-${name}.png`), clip });
}

/** Details are rendered in a frame of their own. */
const textOfFrames = async (): Promise<string> =>
  (await Promise.all(page.frames().map((frame) => frame.evaluate('document.body.innerText').catch(() => '')))).join('\n');

async function choose(action: string): Promise<void> {
  await page.getByRole('button', { name: 'More Actions' }).click();
  await page.getByRole('menuitem', { name: action }).click();
}

describe('a person at the Temporal UI', () => {
  it('finds a parked clip, reads what to do, has it retried, resets it, and starts it once more', {
    timeout: 400_000,
  }, async () => {
    // Given a clip that waits for a person, and whose cause is mended
    world.scripts.analyze = [err(pluginFailure('VLM_REJECTED', 'the server answered 401: incorrect API key')), ok(PROWLER)];
    const clip = await world.newClip();
    const { workflowId } = handleOf(world, clip);
    await world.start(clip);
    await world.seen(clip, 'clip_parked');

    // When it is looked for, Then the list shows it, and its page says what to do
    await page.goto(`${workflows()}?query=${encodeURIComponent('ClipStatus="parked"')}`);
    const link = seen(page.getByRole('link', { name: workflowId }));
    await link.waitFor();
    await picture('list', { ...MAIN, height: 340 });
    await link.click();
    await page.getByTestId('user-metadata-tab').click();
    await expect.poll(textOfFrames, { timeout: 60_000 }).toContain('Check model name, API key and quota');
    await picture('details', MAIN);

    // When the update is sent, Then the clip is finished
    await choose('Send an Update');
    await seen(page.getByTestId('update-select-button')).click();
    await seen(page.getByRole('option', { name: 'retryStage' })).click();
    await seen(page.locator('.cm-content[contenteditable=true]')).last().fill('{"stage":"vlm"}');
    await picture('update', DIALOG);
    await seen(page.getByRole('button', { name: 'Submit' })).click();
    await world.seen(clip, 'clip_done');
    expect(world.stateOf(clip)).toMatchObject({ status: 'done', generation: 1, analysisResult: { riskLevel: 'high' } });
    const told = world.alerts.length;

    // When it is reset to its first task, Then it runs again, and says nothing twice
    await page.goto(`${workflows()}/${workflowId}`);
    await seen(page.getByRole('button', { name: 'Reset', exact: true }))
      .first()
      .click();
    await seen(page.getByTestId('workflow-reset-event-id-select-button')).click();
    await seen(page.getByRole('option', { name: 'WorkflowTaskCompleted' }))
      .first()
      .click();
    await seen(page.getByTestId('reset-reason')).fill('the model was changed');
    await picture('reset', DIALOG);
    await seen(page.getByRole('button', { name: 'Confirm' })).click();
    await world.seen(clip, 'clip_done', 2);
    expect(world.events).toContainEqual(expect.objectContaining({ eventType: 'clip_restarted', reset: true, generation: 1 }));

    // When it is started once more, Then that is its second generation
    await page.goto(`${workflows()}/${workflowId}`);
    await page.getByText('COMPLETED').first().waitFor();
    await choose('Start Workflow Like This One');
    // The form fills itself from the run that it is to be like.
    await seen(page.locator('.cm-content', { hasText: clip.clipId })).waitFor();
    await seen(page.getByRole('button', { name: 'Start Workflow' })).click();
    await world.seen(clip, 'clip_done', 3);
    expect(world.stateOf(clip)).toMatchObject({ status: 'done', generation: 2 });
    expect(world.alerts).toHaveLength(told);
  });
});
