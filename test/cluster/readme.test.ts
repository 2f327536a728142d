import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import manifest from '../../package.json' with { type: 'json' }
import { builtFolder } from '../go-tools/tool-folder.ts'
import { codeBlocksIn, sectionOf } from '../support/markdown.ts'
import { theCluster } from './cluster-file.ts'
import { adminKubeconfig } from './folders.ts'
import { attempt, type Outcome } from './run.ts'
import { cluster, mustCluster } from './support/command.ts'
import { showLogsOfFailure } from './support/show-logs.ts'
import { helm, kubectl, list, setValues, systemNamespace, tryKubectl } from './support/usher.ts'
import { hasGotTheLock, naps, type Pod } from './support/workloads.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const registry = 'registry.example.com/you'

await startWithoutUsher()
showLogsOfFailure(t)

t.test('whoever follows the README line by line has usher, and a pod that waits for its turn and naps', async (t) => {
  const { code, stdout, stderr } = await follow('Install it')
  t.equal(code, 0, stderr)
  t.match(stdout, /^got the startup lock of this node after /m, 'the last lines show it')
  t.notMatch(stdout, /^ *×/m, 'the check has nothing to find')
  t.match(stdout, /^node-1 +\d+\/1 /m, 'the status shows the node')

  const pod = await webPod()
  t.ok(naps(pod))
  t.match(pod.spec.initContainers, [{ name: 'usher-lock', image: `${registry}/usher-wait:${manifest.version}` }])
  await hasGotTheLock(t, pod)
})

t.test('whoever removes it by the README has nothing left of it, and keeps the pods that run', async (t) => {
  t.teardown(() => kubectl(['delete', 'namespace', 'shop', '--ignore-not-found', '--wait=false']))
  const before = await webPod()
  const { code, stderr } = await follow('Remove it')
  t.equal(code, 0, stderr)
  const after = await webPod()
  t.equal(after.metadata.name, before.metadata.name)
  t.equal(after.status.phase, 'Running')
  const kinds = 'mutatingwebhookconfigurations,clusterroles,clusterrolebindings,namespaces'
  t.equal(await kubectl(['get', kinds, '--selector', 'app.kubernetes.io/name=usher', '-o', 'name']), '')
  t.equal((await tryKubectl(['get', 'namespace', systemNamespace])).code, 1)
  t.notMatch(await kubectl(['get', 'namespace', 'shop', '-o', 'json']), 'usher.dev/inject"')
})

/** A cluster that has never seen usher; one that is kept, and was kept with it, has it no more. */
async function startWithoutUsher(): Promise<void> {
  const isKept = process.env['USHER_CLUSTER'] === 'keep'
  if (!isKept || (await cluster('status')).code !== 0) {
    await mustCluster('down')
    await mustCluster('up')
  } else {
    await helm('uninstall', 'usher', '--namespace', systemNamespace, '--ignore-not-found', '--wait')
    await kubectl(['delete', 'namespace', systemNamespace, 'shop', '--ignore-not-found'])
  }
  t.teardown(async () => {
    if (isKept) await setValues([])
    else await mustCluster('down')
  })
}

async function webPod(): Promise<Pod> {
  const [pod, another] = await list<Pod>('get', 'pods', '--namespace', 'shop', '--selector', 'app=web')
  if (pod === undefined || another !== undefined) throw new Error('there is not one pod of web')
  return pod
}

/** Runs every line of a section's code in one shell, in their order, as somebody would who copies them; the first that fails ends it. */
function follow(heading: string): Promise<Outcome> {
  const lines = codeBlocksIn(sectionOf(readme, heading)).flat().filter((line) => line.trim() !== '')
  if (lines.length < 3) throw new Error(`${heading}: there are no lines to follow`)
  const tools = [standIns(), builtFolder('helm'), builtFolder(theCluster().version.tools), dirname(process.execPath), process.env['PATH'] ?? '']
  const environment = [`PATH=${tools.join(delimiter)}`, `KUBECONFIG=${adminKubeconfig}`]
  return attempt('env', [...environment, 'bash', '-euxo', 'pipefail', '-c', ['cd "$0"', ...lines].join('\n'), root])
}

/**
 * What the lines need and is not here. `npm ci` and `npm run images` have been run before (`npm run test:cluster`; the
 * images' base cannot be pulled here). And there is no registry: what is pushed is imported into the nodes, under the very name
 * that it would have been pulled by. All other programs are real.
 */
function standIns(): string {
  const folder = mkdtempSync(join(tmpdir(), 'usher-readme-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const write = (name: string, ...lines: readonly string[]): void => {
    writeFileSync(join(folder, name), ['#!/bin/sh', ...lines, ''].join('\n'))
    chmodSync(join(folder, name), 0o755)
  }
  write('npm', 'case "$*" in ci | "run images") ;; *) echo "npm $*: nobody has done that before" >&2; exit 1 ;; esac')
  write('buildah', `exec '${process.execPath}' '${join(root, 'test/cluster/support/push-to-nodes.ts')}' "$@"`)
  return folder
}
