import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';

const program = await createProgram();

/** A verb and those below it, such as `clips` and `clips list`, by their words. */
function verbsOf(command: Command, words: readonly string[] = []): [string, Command][] {
  return command.commands.flatMap((verb): [string, Command][] => {
    const path = [...words, verb.name()];
    return [[path.join(' '), verb], ...verbsOf(verb, path)];
  });
}
const verbs = verbsOf(program);

describe('help', () => {
  it('knows every verb', () => {
    // Given
    const wanted = [
      'run',
      'demo',
      'record',
      'worker',
      'validate',
      'migrate',
      'setup-temporal',
      'doctor',
      'stack up',
      'stack down',
    ];
    const nested = [
      'cameras motion',
      'channels test',
      'clips list',
      'clips show',
      'clips retry',
      'clips reset',
      'clips ack',
      'models list',
      'models pull',
      'models use',
    ];
    // When
    const names = verbs.map(([name]) => name);
    // Then
    expect(names).toEqual(expect.arrayContaining([...wanted, ...nested]));
  });

  it.each(verbs)('of `%s` says what it does, with which options, and how to name a configuration', (_name, verb) => {
    // When
    const help = verb.helpInformation();
    // Then
    expect(verb.description() || verb.summary()).toMatch(/\w{3,}/);
    expect(help).toMatch(/--config <file>/);
    for (const option of verb.options) expect(option.description).not.toBe('');
    expect(help.split('\n').filter((line) => line.length > 80)).toEqual([]);
    // Lines are broken where the terminal ends, and what is the default can be typed.
    expect(verb.description()).not.toContain('\n');
    expect(help).not.toContain('(default: {');
  });

  it('tells the exit codes and where to begin', async () => {
    // Given
    let help = '';
    const told = (await createProgram()).configureOutput({ writeOut: (text) => (help += text) });
    // When
    told.outputHelp();
    // Then
    for (const code of [0, 1, 2, 3]) expect(help).toMatch(new RegExp(`^ {2}${code} {2}\\w`, 'm'));
    expect(help).toContain('homesec demo');
  });

  it('tells of all verbs, whatever words come with it', async () => {
    // Given words that name one of them
    // When
    const asked = await createProgram(['--help', 'run']);
    // Then
    expect(asked.commands.map((verb) => verb.name())).toEqual(program.commands.map((verb) => verb.name()));
  });
});
