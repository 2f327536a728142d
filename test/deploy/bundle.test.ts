import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { bundleAll, bundledCommands } from '../../deploy/images/bundle.ts'
import manifest from '../../package.json' with { type: 'json' }
import { commands } from '../../src/cli/main.ts'
import { startFakeApiServer } from '../support/fake-api-server.ts'
import { kubeconfigFor } from '../support/kubeconfig-for.ts'
import { until } from '../support/until.ts'
import { launcher } from '../support/usher-process.ts'
import { run } from '../native/support/run.ts'

// Outside the checkout, where no node_modules is found.
const folder = mkdtempSync(join(tmpdir(), 'usher-bundle-'))
t.teardown(() => rmSync(folder, { recursive: true }))
t.before(() => bundleAll(folder))

const at = (name: string): string => join(folder, `${name}.mjs`)

t.test('usher.mjs runs without node_modules', async (t) => {
  t.match(await run(t, [process.execPath, at('usher'), '--version']), { code: 0, stdout: `usher ${manifest.version}\n`, stderr: '' })
  const { stdout } = await run(t, [process.execPath, at('usher'), '--help'])
  for (const name of Object.keys(commands)) t.match(stdout, `  ${name} `)
})

t.test('each command has a file of its own, which is the same command', async (t) => {
  for (const name of bundledCommands) {
    const own = await run(t, [process.execPath, at(name), '--help'])
    t.match(own, { code: 0, stdout: `usher ${name}: ` }, name)
    t.strictSame(own, await run(t, [process.execPath, at('usher'), name, '--help']), name)
  }
})

t.test('imported, a bundle runs nothing', async (t) => {
  const script = `await import(${JSON.stringify(at('lock'))}); await import(${JSON.stringify(at('usher'))}); console.log('done')`
  t.strictSame(await run(t, [process.execPath, '--input-type=module', '-e', script]), { code: 0, signal: null, stdout: 'done\n', stderr: '' })
})

t.test('wrong usage ends in exit code 2, through either file', async (t) => {
  for (const line of [[at('usher'), 'lock', '--no-such-flag'], [at('lock'), '--no-such-flag']]) {
    t.match(await run(t, [process.execPath, ...line]), { code: 2, stderr: 'unknown flag --no-such-flag' })
  }
})

t.test('in a cluster the bundled webhook asks and watches, without the second HTTP client that it leaves out', async (t) => {
  const api = await startFakeApiServer(t)
  const flags = ['--port=0', '--probe-port=0', `--certs=${t.testdir({})}`, `--kubeconfig=${kubeconfigFor(t, api)}`]
  const child = spawn(process.execPath, [at('webhook'), ...flags], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  t.teardown(() => ended)
  t.teardown(() => child.kill())
  let log = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (log += text))
  ;(await api.next('/version')).json({ major: '1', minor: '37' })
  ;(await api.next('/api/v1/namespaces')).list('1', [])
  t.equal((await api.next('/api/v1/namespaces')).query['watch'], 'true')
  await until('it knows the version', () => log.includes('version of the API server'))
})

t.test('the demo says where it can be seen', async (t) => {
  t.match(await run(t, [process.execPath, at('usher'), 'demo']), { code: 1, stderr: 'npm run demo' })
  t.notOk(readdirSync(folder).includes('demo.mjs'))
})

t.test('usher install has the chart with it', async (t) => {
  const { stdout } = await run(t, [process.execPath, launcher, 'install', '--print', '--namespace', 'elsewhere'])
  t.match(stdout, 'kind: MutatingWebhookConfiguration\n')
  t.equal((await run(t, [process.execPath, at('usher'), 'install', '--print', '--namespace', 'elsewhere'])).stdout, stdout)
})

t.test('nothing in it names the machine that built it', async (t) => {
  const root = execFileSync('git', ['rev-parse', '--show-toplevel'], { encoding: 'utf8' }).trim()
  for (const file of readdirSync(folder)) t.notOk(readFileSync(join(folder, file), 'utf8').includes(root), file)
})

t.test('what was in the folder is gone', async (t) => {
  const other = join(folder, 'other')
  mkdirSync(join(other, 'old'), { recursive: true })
  await bundleAll(other)
  t.notOk(readdirSync(other).includes('old'))
})
