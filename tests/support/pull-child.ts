import { pullEntry } from '../../src/models/pull-model.ts';

// Pulls the catalogue entry given as JSON into the folder given after it, and prints each step and the outcome.
const [entry = '', modelsDir = ''] = process.argv.slice(2);
// A file over the shell's limit shall be a failed write, as on a full disk, and not the end of the process.
process.on('SIGXFSZ', () => {});

const result = await pullEntry(JSON.parse(entry), {
  modelsDir,
  onProgress: (progress) => process.stdout.write(`${JSON.stringify(progress)}\n`),
});
process.stdout.write(`${JSON.stringify(result)}\n`);
