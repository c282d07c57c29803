import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createConfigFolder } from '../support/config-file.ts';
import { HOMESEC, homesec } from '../support/homesec.ts';
import { freePort } from '../support/mqtt-brokers.ts';
import { REPOSITORY } from '../support/run-tool.ts';
import { waitUntil } from '../support/wait-until.ts';

const SECRET = 'correct-horse-battery-staple';
const CONFIG = `version: 1
cameras:
  - name: Front door
    source: { backend: local_folder, config: { watch_dir: ./camera } }
storage: { backend: local, config: { root: ./storage } }
filter: { backend: yolo }
vlm: { backend: openai, config: { base_url: "http://127.0.0.1:1", api_key_env: null, model: none } }
`;

let home: Awaited<ReturnType<typeof createConfigFolder>>;
let config: string;
beforeAll(async () => {
  home = await createConfigFolder();
  config = await home.write('homesec.yaml', CONFIG);
});
afterAll(() => home[Symbol.asyncDispose]());

describe('wrong usage', () => {
  it.each([
    [['clipz'], /unknown command 'clipz'\n\(Did you mean clips\?\)/],
    [[], /Usage: homesec/],
    [['worker'], /missing required argument 'role'/],
    [['worker', 'kitchen'], /Allowed choices are host, pipeline, gpu/],
    [['clips', 'list', '--limit', '0'], /Give a whole number from 1 to 100/],
    [['clips', 'ack', '20261123T022700123Z-front-door-1f3a5c7e9b2d'], /required option '--by <name>' not specified/],
    [['clips', 'retry'], /Name a clip, or say with --filter which ones/],
    [['clips', 'reset', '20261123T022700123Z-front-door-1f3a5c7e9b2d'], /required option '--to <point>' not specified/],
    [['stack', 'up', '--only', 'kitchen'], /Allowed choices are postgres/],
    [['codec-server', '--listen', '127.0.0.1:99999'], /Give host:port, such as 127\.0\.0\.1:8081/],
    [['codec-server', '--ui', 'localhost'], /Give http:\/\/host:port/],
  ])('homesec %j ends with 2 and says what is wrong', async (args, words) => {
    // When
    const ran = await homesec(args);
    // Then
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toMatch(words);
    expect(ran.stdout).toBe('');
  });
});

describe('a configuration', () => {
  it('that is not there: the message names the example', async () => {
    // When
    const [run, validate] = await Promise.all([
      homesec(['run'], { cwd: home.folder, env: { HOMESEC_CONFIG: 'none.yaml' } }),
      homesec(['validate', '-c', join(home.folder, 'none.yaml')]),
    ]);
    // Then
    for (const { exitCode, stdout, stderr } of [run, validate]) {
      expect(exitCode).toBe(1);
      expect(stdout + stderr).toContain(join(home.folder, 'none.yaml'));
      expect(stdout + stderr).toContain('config/homesec.example.yaml');
    }
  });

  it('with many problems: all of them at once, never the values', async () => {
    // Given
    const broken = CONFIG.replace('version: 1', `version: 7\npassword: ${SECRET}`)
      .replace('yolo', 'yollo')
      .replace('./storage', './camera');
    const path = await home.write('broken.yaml', broken);
    // When
    const [text, json] = await Promise.all([homesec(['validate', '-c', path]), homesec(['validate', '--json', '-c', path])]);
    // Then
    expect([text.exitCode, json.exitCode]).toEqual([1, 1]);
    for (const part of [/^ {2}version /m, /^ {2}password /m, /^ {2}filter\.backend .*yolo/m, /camera/])
      expect(text.stdout).toMatch(part);
    expect(JSON.parse(json.stdout).problems.length).toBeGreaterThanOrEqual(4);
    expect(text.stdout + text.stderr + json.stdout + json.stderr).not.toContain(SECRET);
  });

  it('as the example has it: valid', async () => {
    // Given
    const path = await home.write('example.yaml', await readFile(join(REPOSITORY, 'config/homesec.example.yaml'), 'utf8'));
    // When
    const ran = await homesec(['validate', '-c', path]);
    // Then
    expect(ran.exitCode).toBe(0);
    expect(ran.stdout).toContain('is valid: 3 cameras');
  });
});

describe('an answer for scripts', () => {
  it('stays JSON when there is something to warn of', async () => {
    // Given a file that others may read, and nothing running
    const path = await home.write('open.yaml', CONFIG);
    await chmod(path, 0o644);
    // When
    const [ran, list] = await Promise.all([
      homesec(['doctor', '--json', '-c', path]),
      homesec(['models', 'list', '--json', '-c', path]),
    ]);
    // Then
    expect(JSON.parse(ran.stdout)).toContainEqual(expect.objectContaining({ what: 'Postgres', state: 'bad' }));
    expect(JSON.parse(ran.stdout)).toContainEqual(expect.objectContaining({ what: 'configuration', state: 'attention' }));
    expect(ran.exitCode).toBe(1);
    expect(JSON.parse(list.stdout)).toContainEqual(expect.objectContaining({ id: 'centernet_mbv3' }));
    expect(list.stderr).toContain('chmod 600');
  });

  it('may be cut off by its reader', async () => {
    // Given a reader that goes away at once
    const child = spawn(process.execPath, [HOMESEC, 'models', 'list', '--json', '-c', config], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    // When
    const [code] = await once(child, 'close');
    // Then
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});

describe('models', () => {
  it('are listed with their licence, and one that is unknown is an error', async () => {
    // When
    const [list, json, pull, use] = await Promise.all([
      homesec(['models', 'list', '-c', config]),
      homesec(['models', 'list', '--json', '--models-dir', join(home.folder, 'models')]),
      homesec(['models', 'pull', 'yolo_of_tomorrow', '-c', config]),
      homesec(['models', 'use', 'none.json', '-c', config], { cwd: dirname(home.folder) }),
    ]);
    // Then
    expect(list.stdout).toMatch(/^centernet_mbv3 {2}/m);
    expect(list.stdout).toMatch(/^ {2}Licence: Apache-2\.0/m);
    expect(JSON.parse(json.stdout)).toContainEqual(expect.objectContaining({ id: 'centernet_mbv3' }));
    expect([list, json, pull, use].map(({ exitCode }) => exitCode)).toEqual([0, 0, 1, 1]);
    expect(pull.stderr).toContain('yolo_of_tomorrow');
    // The manifest is looked for where the owner is, not where the configuration is.
    expect(use.stderr).toContain(join(dirname(home.folder), 'none.json'));
    expect(pull.stderr + use.stderr).not.toMatch(/^\s+at /m);
  });
});

describe('servers that are away', () => {
  it('end a command with 3, in a sentence, wherever they were said to be', async () => {
    // Given
    const path = await home.write(
      'away.yaml',
      `${CONFIG}temporal: { address: "127.0.0.1:${await freePort()}" }\nstate_store: { dsn_env: AWAY_DSN }\n`,
    );
    const env = { AWAY_DSN: `postgres://owner:${SECRET}@127.0.0.1:${await freePort()}/homesec` };
    const clip = '20261123T022700123Z-front-door-1f3a5c7e9b2d';
    // When
    const away = await Promise.all([
      homesec(['clips', 'list', '-c', path], { env }),
      homesec(['clips', 'show', clip, '-c', path], { env }),
      homesec(['clips', 'retry', clip, '-c', path], { env }),
      homesec(['migrate', '-c', path], { env }),
      homesec(['migrate', '-c', path]),
    ]);
    // Then
    expect(away.map(({ exitCode }) => exitCode)).toEqual([3, 3, 3, 3, 3]);
    const told = away.map(({ stdout, stderr }) => stdout + stderr).join('');
    expect(told).not.toMatch(/^\s+at /m);
    expect(told).not.toContain(SECRET);
    expect(away[4]?.stderr).toContain('AWAY_DSN');
  });
});

describe('a folder that cannot be used', () => {
  it.each(['run', 'record', 'stack up'])('ends `%s` with a sentence that names it', async (verb) => {
    // Given a file where a folder should be, in the way of every account
    await writeFile(join(home.folder, 'file'), '');
    const path = await home.write('blocked.yaml', `${CONFIG}data_dir: ./file/data\n`);
    // When
    const ran = await homesec([...verb.split(' '), '-c', path]);
    // Then
    expect(ran.exitCode).toBe(1);
    expect(ran.stderr).toContain(join(home.folder, 'file'));
    expect(ran.stderr).not.toMatch(/^\s+at /m);
  });
});

describe('a worker without Temporal', () => {
  it.each(['host', 'pipeline', 'gpu'])('waits, and worker %s ends cleanly when it is asked to', async (role) => {
    // Given
    const path = await home.write(
      `${role}.yaml`,
      `${CONFIG}data_dir: ./data-${role}\ntemporal: { address: "127.0.0.1:${await freePort()}" }\n`,
    );
    // When
    const ran = await homesec(['worker', role, '-c', path], { endWith: { signal: 'SIGTERM', after: 'waiting for Temporal' } });
    // Then
    expect(ran).toMatchObject({ exitCode: 0, stderr: '' });
  });

  it('ends cleanly also while nobody knows where Temporal is', async () => {
    // Given a household whose embedded servers were never started
    const path = await home.write('nowhere.yaml', `${CONFIG}data_dir: ./data-nowhere\n`);
    // When
    const ran = await homesec(['worker', 'host', '-c', path], {
      endWith: { signal: 'SIGTERM', after: 'no address is known yet' },
      limitMs: 30_000,
    });
    // Then
    expect(ran).toMatchObject({ exitCode: 0, stderr: '' });
  });

  it('ends by itself when the parent that supervises it is gone, and when it is told to', async () => {
    // Given two children with a channel to their parent, as `homesec run` starts them
    const path = await home.write(
      'child.yaml',
      `${CONFIG}data_dir: ./data-child\ntemporal: { address: "127.0.0.1:${await freePort()}" }\n`,
    );
    const open = async () => {
      const child = spawn(process.execPath, [HOMESEC, 'worker', 'gpu', '-c', path], {
        stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      });
      let log = '';
      child.stdout?.setEncoding('utf8').on('data', (text: string) => (log += text));
      await waitUntil('it waits', () => log.includes('waiting for Temporal'));
      return { child, exit: once(child, 'exit') };
    };
    const [orphan, told] = await Promise.all([open(), open()]);
    // When
    orphan.child.disconnect();
    told.child.kill('SIGTERM');
    // Then
    expect(await orphan.exit).toEqual([0, null]);
    expect(await told.exit).toEqual([0, null]);
  });

  it('of one spool hands over alone', async () => {
    // Given
    const path = await home.write(
      'alone.yaml',
      `${CONFIG}data_dir: ./data-alone\ntemporal: { address: "127.0.0.1:${await freePort()}" }\n`,
    );
    const first = spawn(process.execPath, [HOMESEC, 'worker', 'host', '-c', path], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(first, 'exit');
    await once(first.stdout, 'data');
    // When
    const second = await homesec(['worker', 'host', '-c', path]);
    first.kill('SIGTERM');
    await ended;
    // Then
    expect(second.exitCode).toBe(1);
    expect(second.stderr).toMatch(/^another process is the handover of the spool .*; end it first$/m);
  });
});
