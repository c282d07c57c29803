import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { Command } from 'commander';
import { beforeAll, describe, expect, test } from 'vitest';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { createProgram } from '../../src/cli/program.ts';
import { loadConfig } from '../../src/config/load.ts';
import { STAGE_ERROR_CODES } from '../../src/domain/stage-error.ts';
import { createBuiltinRegistry } from '../../src/plugins/builtin.ts';
import { createConfigFolder } from '../support/config-file.ts';
import { REPOSITORY } from '../support/run-tool.ts';
import { filesBelow } from '../support/source-files.ts';

const program = await createProgram();
/** Markdown by its path from the root of the repository. */
const pages = new Map<string, string>();
beforeAll(async () => {
  const atRoot = (await readdir(REPOSITORY)).filter((name) => name.endsWith('.md'));
  const below = (await filesBelow(['docs', 'src'])).filter((name) => name.endsWith('.md'));
  for (const path of [...atRoot, ...below]) pages.set(path, await readFile(join(REPOSITORY, path), 'utf8'));
});

const page = (path: string): string => pages.get(path) ?? '';
const FENCED = /^ *```(\w*)\n(.*?)^ *```/gms;
const prose = (text: string): string => text.replaceAll(FENCED, '');
const fenced = (text: string, language: string): string[] =>
  [...text.matchAll(FENCED)].filter(([, found]) => found === language).map(([, , code]) => code ?? '');
const everyPage = (): string => [...pages.values()].join('\n');

describe('links', () => {
  test('between pages lead to a file, and to a heading where they name one', async () => {
    // Given every link of every page that does not leave the repository
    const links = [...pages].flatMap(([path, text]) =>
      [...prose(text).matchAll(/\]\(([^)\s]+)\)/g)]
        .map(([, target]) => target ?? '')
        .filter((target) => !/^[a-z]+:/.test(target))
        .map((target) => ({ path, target })),
    );
    // When
    const checked = await Promise.all(links.map(async (link) => ((await leadsSomewhere(link)) ? [] : [link])));
    // Then
    expect(links.length).toBeGreaterThan(60);
    expect(checked.flat()).toEqual([]);
  });

  test('reach every page of docs from the README', () => {
    // Given
    const reached = new Set<string>();
    const follow = (path: string): void => {
      if (reached.has(path) || !pages.has(path)) return;
      reached.add(path);
      for (const [, target = ''] of prose(page(path)).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)) follow(join(dirname(path), target));
    };
    // When
    follow('README.md');
    // Then
    expect([...pages.keys()].filter((path) => !reached.has(path))).toEqual([]);
  });
});

interface Link {
  readonly path: string;
  readonly target: string;
}

async function leadsSomewhere({ path, target }: Link): Promise<boolean> {
  const [file = '', heading] = target.split('#');
  const absolute = file === '' ? join(REPOSITORY, path) : join(REPOSITORY, dirname(path), file);
  const found = await stat(absolute).catch(() => undefined);
  if (found === undefined) return false;
  return heading === undefined || headingsOf(page(relative(REPOSITORY, absolute))).includes(heading);
}

/** As GitHub names them. */
const headingsOf = (text: string): string[] =>
  [...prose(text).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );

describe('the guide to operation', () => {
  const rowOf = (verb: Command): string =>
    new RegExp(`^\\| \`homesec ${verb.name()}\`.*$`, 'm').exec(page('docs/guide/operate.md'))?.[0] ?? '';

  test.each(program.commands.map((verb) => [verb.name(), verb] as const))('tells of %s', (_name, verb) => {
    // Given the verb as the program has it
    const parts = verb.commands.map((part) => part.name());
    // When
    const row = rowOf(verb);
    // Then
    expect(row).not.toBe('');
    expect(parts.filter((part) => !row.includes(`\`${part}\``))).toEqual([]);
  });

  test('tells of every exit code', () => {
    // Given
    const codes = Object.values(EXIT);
    // When
    const missing = codes.filter((code) => !page('docs/guide/operate.md').includes(`\n| ${code} | `));
    // Then
    expect(missing).toEqual([]);
  });
});

describe('what pages tell the reader to type', () => {
  test('are verbs that the program has', () => {
    // Given
    const typed = [...everyPage().matchAll(TYPED)];
    // When
    const unknown = typed.filter(([, verb = '', part = '']) => !knows(program, verb, part));
    // Then
    expect(typed.length).toBeGreaterThan(40);
    expect(unknown.map(([text]) => text)).toEqual([]);
  });

  test('are options that these verbs have', () => {
    // Given every command line, up to what ends it
    const lines = [...everyPage().matchAll(/(?:`|^ *(?:\$ )?|&& )homesec ([a-z][^`#|\n]*)/gm)].map(([, line = '']) =>
      line.split(/\s+/),
    );
    const typed = lines.flatMap((words) => words.filter((word) => /^--[a-z]/.test(word)).map((option) => ({ words, option })));
    // When
    const unknown = typed.filter(({ words, option }) => !optionsOf(program, words).includes(option));
    // Then
    expect(typed.length).toBeGreaterThan(15);
    expect(unknown.map(({ words, option }) => `${words.join(' ')}: ${option}`)).toEqual([]);
  });

  test('are targets that the Makefile has', async () => {
    // Given
    const makefile = await readFile(join(REPOSITORY, 'Makefile'), 'utf8');
    const typed = [...everyPage().matchAll(/(?:`|^ *|"|\n)make ([a-z-]+)/gm)].map(([, target = '']) => target);
    // When
    const unknown = typed.filter((target) => !new RegExp(`^${target}:`, 'm').test(makefile));
    // Then
    expect(typed.length).toBeGreaterThan(15);
    expect(unknown).toEqual([]);
  });

  test('is a first configuration that loads', async () => {
    // Given the one in the README
    const [first = ''] = fenced(page('README.md'), 'yaml');
    await using home = await createConfigFolder();
    // When
    const loaded = await loadConfig(await home.write('homesec.yaml', first), createBuiltinRegistry(), {});
    // Then
    expect(loaded).toMatchObject({ ok: true, value: { config: { cameras: [{ name: 'Front Door' }] }, warnings: [] } });
  });
});

/** `homesec run` stands in code, or begins a line of a code block. */
const TYPED = /(?:`|^ *(?:\$ )?)homesec ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?/gm;

/** Those of the verb that the words name, and of those above it. */
function optionsOf(program: Command, words: readonly string[]): string[] {
  const chain = words.reduce<Command[]>(
    (verbs, word) => [...verbs, ...(verbs.at(-1)?.commands.filter((verb) => verb.name() === word) ?? [])],
    [program],
  );
  return ['--help', ...chain.flatMap((verb) => verb.options.flatMap(({ long }) => long ?? []))];
}

function knows(program: Command, verb: string, part: string): boolean {
  const found = program.commands.find((command) => command.name() === verb);
  if (found === undefined) return false;
  return found.commands.length === 0 || part === '' || found.commands.some((command) => command.name() === part);
}

describe('the references', () => {
  test('explain every error code of a stage, and troubleshooting leads there', () => {
    // Given
    const codes = Object.keys(STAGE_ERROR_CODES);
    // When
    const missing = codes.filter((code) => !page('docs/ref/errors.md').includes(`| \`${code}\` |`));
    // Then
    expect(missing).toEqual([]);
    expect(page('docs/guide/troubleshooting.md')).toContain('(../ref/errors.md)');
  });

  test('explain every type of event with its fields', async () => {
    // Given
    const source = await readFile(join(REPOSITORY, 'src/domain/events.ts'), 'utf8');
    const types = [...source.matchAll(/EventBase<'(\w+)'>/g)].map(([, type = '']) => type);
    // When
    const missing = types.filter((type) => !page('docs/ref/events.md').includes(`| \`${type}\` |`));
    // Then
    expect(types.length).toBeGreaterThan(20);
    expect(missing).toEqual([]);
    expect(page('docs/ref/events.md')).toContain('`duration_ms` `storage_uri`');
  });
});
