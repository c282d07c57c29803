import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleWorkflowCode, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { REPOSITORY } from './run-tool.ts';

/**
 * The code of today's workflows with a change, as a later version might have it.
 * @param changes what stands in the file, and what is to stand there instead.
 */
export async function bundleChangedWorkflows(
  file: string,
  changes: Readonly<Record<string, string>>,
): Promise<WorkflowBundleWithSourceMap> {
  // Below the repository, so that packages are found.
  await mkdir(join(REPOSITORY, '.cache'), { recursive: true });
  const folder = await mkdtemp(join(REPOSITORY, '.cache', 'changed-workflows-'));
  try {
    for (const part of ['workflows', join('src', 'domain')])
      await cp(join(REPOSITORY, part), join(folder, part), { recursive: true });
    const path = join(folder, 'workflows', file);
    let code = await readFile(path, 'utf8');
    for (const [from, to] of Object.entries(changes)) {
      if (!code.includes(from)) throw new Error(`${file} has no ${from}`);
      code = code.replace(from, to);
    }
    await writeFile(path, code);
    return await bundleWorkflowCode({
      workflowsPath: join(folder, 'workflows', 'index.ts'),
      workflowInterceptorModules: [join(folder, 'workflows', 'reset-guard.ts')],
      logger: createSilence(),
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function createSilence() {
  const nothing = () => undefined;
  return { log: nothing, trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };
}
