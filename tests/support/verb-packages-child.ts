// A process of its own that says which packages the verbs in argv bring in: a list as JSON.
import { loadedPackages } from './loaded-packages.ts';

const { createProgram } = await import('../../src/cli/program.ts');
await createProgram(process.argv.slice(2));
console.log(JSON.stringify([...loadedPackages]));
