import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const CHILD = join(import.meta.dirname, '../../support/packages-child.ts');
const MAIL = { from_email: 'a@house.example', to_emails: ['b@house.example'] };

test.each([
  ['storage', 's3', { bucket: 'clips' }, '@aws-sdk/client-s3'],
  ['storage', 'dropbox', {}, 'dropbox'],
  ['storage', 'webdav', { url: 'https://nas.example/dav', username_env: 'USER', password_env: 'PASSWORD' }, 'webdav'],
  ['analyzer', 'openai', { model: 'vision' }, 'openai'],
  ['notifier', 'mqtt', {}, 'mqtt'],
  ['notifier', 'smtp', { host: 'mail.example', ...MAIL }, 'nodemailer'],
  ['notifier', 'sendgrid_email', MAIL, '@sendgrid/client'],
])('%s plugin %s brings its own package into a process, which no other has to carry', async (kind, backend, config, name) => {
  // Given a process that knows all plugins
  // When it creates one of them
  const { stdout } = await promisify(execFile)(process.execPath, [CHILD, kind, backend, JSON.stringify(config)]);
  // Then
  const { before, own } = JSON.parse(stdout);
  expect(before).not.toContain(name);
  expect(own).toContain(name);
});
