import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'

const root = fileURLToPath(new URL('../..', import.meta.url))
const config = readFileSync(`${root}/.oxlintrc.json`, 'utf8')

/** One border each: a file, an import that crosses it, and one that may. */
const borders: readonly { readonly file: string; readonly forbidden: string; readonly allowed: string }[] = [
  { file: 'units/x.ts', forbidden: '../inject/decide.ts', allowed: './json.ts' },
  { file: 'units/x.ts', forbidden: 'node:fs', allowed: './json.ts' },
  { file: 'inject/x.ts', forbidden: '../config/load.ts', allowed: '../units/json.ts' },
  { file: 'inject/x.ts', forbidden: '../webhook/app.ts', allowed: './decide.ts' },
  { file: 'inject/x.ts', forbidden: 'node:fs', allowed: '../units/duration.ts' },
  { file: 'inject/x.ts', forbidden: 'fast-json-patch', allowed: '../units/duration.ts' },
  { file: 'manifest/x.ts', forbidden: '../kube/cluster.ts', allowed: '../units/json.ts' },
  { file: 'manifest/x.ts', forbidden: '../config/defaults.ts', allowed: '../inject/decide.ts' },
  { file: 'manifest/x.ts', forbidden: 'node:fs', allowed: 'yaml' },
  { file: 'manifest/x.ts', forbidden: 'fastify', allowed: 'fast-json-patch' },
  { file: 'terminal/x.ts', forbidden: '../webhook/app.ts', allowed: '../inject/reasons.ts' },
  { file: 'lock/queue/x.ts', forbidden: '../app.ts', allowed: '../../units/duration.ts' },
  { file: 'lock/queue/x.ts', forbidden: 'node:timers', allowed: './queue.ts' },
  { file: 'lock/learning/x.ts', forbidden: '../service.ts', allowed: '../queue/settings.ts' },
  { file: 'lock/learning/x.ts', forbidden: 'node:fs', allowed: '../../units/json.ts' },
  { file: 'webhook/x.ts', forbidden: '../lock/app.ts', allowed: '../inject/decide.ts' },
  { file: 'webhook/x.ts', forbidden: '../kube/cluster.ts', allowed: '../http/problem.ts' },
  { file: 'webhook/x.ts', forbidden: '../cli/main.ts', allowed: 'fastify' },
  { file: 'lock/x.ts', forbidden: '../webhook/app.ts', allowed: '../node-health/daemon-sets.ts' },
  { file: 'lock/page/x.ts', forbidden: '../../kube/cluster.ts', allowed: '../state-view.ts' },
  { file: 'lock/pod-events/x.ts', forbidden: '../../kube/events.ts', allowed: '../standing.ts' },
  { file: 'lock/node-load/x.ts', forbidden: '../../demo/run.ts', allowed: 'node:fs' },
  { file: 'node-health/x.ts', forbidden: '../lock/app.ts', allowed: '../http/problem.ts' },
  { file: 'node-health/x.ts', forbidden: '../lock/node-load/watch-load.ts', allowed: '../lock/node-load/stat.ts' },
  { file: 'node-health/x.ts', forbidden: '../kube/daemon-sets.ts', allowed: './judge.ts' },
  { file: 'status/x.ts', forbidden: '../lock/app.ts', allowed: '../lock/state-view.ts' },
  { file: 'status/x.ts', forbidden: '../kube/request.ts', allowed: '../terminal/columns.ts' },
  { file: 'status/x.ts', forbidden: 'node:fs', allowed: '../units/age.ts' },
  { file: 'check/x.ts', forbidden: '../kube/request.ts', allowed: '../inject/decide.ts' },
  { file: 'check/x.ts', forbidden: '../lock/app.ts', allowed: '../status/node-status.ts' },
  { file: 'check/x.ts', forbidden: 'node:fs', allowed: 'node:crypto' },
  { file: 'install/x.ts', forbidden: '../kube/request.ts', allowed: '../check/dry-run.ts' },
  { file: 'install/x.ts', forbidden: 'node:fs', allowed: 'node:crypto' },
  { file: 'install/x.ts', forbidden: 'fastify', allowed: 'yaml' },
  { file: 'rescue/x.ts', forbidden: '../kube/request.ts', allowed: '../inject/lock-start.ts' },
  { file: 'rescue/x.ts', forbidden: '../check/facts.ts', allowed: '../check/json-paths.ts' },
  { file: 'rescue/x.ts', forbidden: 'node:fs', allowed: '../terminal/columns.ts' },
  { file: 'enable/x.ts', forbidden: '../kube/request.ts', allowed: '../manifest/workloads.ts' },
  { file: 'enable/x.ts', forbidden: '../config/load.ts', allowed: '../check/json-paths.ts' },
  { file: 'enable/x.ts', forbidden: 'node:fs', allowed: '../inject/decide.ts' },
  { file: 'depends-on/x.ts', forbidden: '../lock/app.ts', allowed: '../units/duration.ts' },
  { file: 'depends-on/x.ts', forbidden: 'node:fs', allowed: './x.ts' },
  { file: 'placement/x.ts', forbidden: '../kube/request.ts', allowed: '../job/problems.ts' },
  { file: 'placement/x.ts', forbidden: '../job/job.ts', allowed: '../check/json-paths.ts' },
  { file: 'placement/x.ts', forbidden: '../node-health/app.ts', allowed: '../node-health/tolerations.ts' },
  { file: 'placement/x.ts', forbidden: 'node:fs', allowed: '../terminal/columns.ts' },
  { file: 'job/x.ts', forbidden: '../kube/request.ts', allowed: '../inject/names.ts' },
  { file: 'job/file/x.ts', forbidden: '../../kube/request.ts', allowed: '../job.ts' },
  { file: 'job/render/x.ts', forbidden: 'node:fs', allowed: 'node:crypto' },
  { file: 'job/run/x.ts', forbidden: 'fastify', allowed: '../../units/json.ts' },
  { file: 'why/x.ts', forbidden: '../kube/request.ts', allowed: '../placement/x.ts' },
  { file: 'why/x.ts', forbidden: '../lock/app.ts', allowed: '../lock/state-view.ts' },
  { file: 'why/x.ts', forbidden: 'node:fs', allowed: '../status/node-status.ts' },
  { file: 'kube/x.ts', forbidden: '../webhook/app.ts', allowed: '@kubernetes/client-node' },
  { file: 'http/x.ts', forbidden: '../webhook/app.ts', allowed: 'fastify' },
  { file: 'config/x.ts', forbidden: '../webhook/app.ts', allowed: '../inject/context.ts' },
  { file: 'certs/x.ts', forbidden: '@kubernetes/client-node', allowed: 'node:fs' },
  { file: 'demo/x.ts', forbidden: '@kubernetes/client-node', allowed: '../inject/reasons.ts' },
  { file: 'demo/x.ts', forbidden: '../../test/support/context.ts', allowed: 'yaml' },
  { file: 'cli/x.ts', forbidden: '@kubernetes/client-node', allowed: '../kube/cluster.ts' },
]

for (const { file, forbidden, allowed } of borders) {
  t.test(`src/${file} may import ${allowed}, and not ${forbidden}`, async (t) => {
    t.match(lint(t, file, `import '${forbidden}'\n`), /no-restricted-imports/)
    t.notMatch(lint(t, file, `import '${allowed}'\n`), /no-restricted-imports/)
  })
}

t.test('only src/cli reads the environment', async (t) => {
  const reads = 'export const home = process.env\n'
  t.match(lint(t, 'webhook/x.ts', reads), /no-process-env/)
  t.notMatch(lint(t, 'cli/x.ts', reads), /no-process-env/)
})

function lint(t: Test, file: string, content: string): string {
  // Not t.testdir(): what git ignores, oxlint passes over.
  const folder = mkdtempSync(join(tmpdir(), 'usher-borders-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, '.oxlintrc.json'), config)
  const path = `${folder}/src/${file}`
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
  // Through env -i: tap puts hooks of its own into every child's environment, which oxlint's launcher does not bear.
  const command = ['-i', `PATH=${process.env['PATH']}`, `${root}/node_modules/.bin/oxlint`, '--format', 'unix']
  const { stdout, stderr } = spawnSync('env', command, { cwd: folder, encoding: 'utf8' })
  return stdout + stderr
}
