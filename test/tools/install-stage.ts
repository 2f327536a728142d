import type { Test } from 'tap'
import { newest } from '../../deploy/render.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { listAt, objectAt, shown } from '../support/pod-reader.ts'
import { type Running, start } from '../support/usher-process.ts'
import { type ApiServer, startApiServer } from './api-server.ts'
import { type PlayedControllers, startControllers } from './played-controllers.ts'
import { parseObject } from './pod-template.ts'
import { openShell, type Output, type Shell } from './shell.ts'

/** The chart, as Helm takes it. */
export const chart = `../../deploy/chart ${newest().join(' ')}`

/** Renders what `usher install` applies; flags may follow. */
export const template = `helm template usher ${chart} --namespace usher-system --set namespace.create=true`

/** An API server with what plays its controllers, and no usher yet. */
export interface InstallStage {
  readonly server: ApiServer
  readonly shell: Shell
  readonly controllers: PlayedControllers
  /** A command line that goes on while the test does something. */
  start(...args: readonly string[]): Running
  /** Installs usher, with a webhook that runs. */
  install(...flags: readonly string[]): Promise<string>
  /** All that is stored in the API server, by kind, namespace and name; of namespaces their labels, too. */
  everything(): Promise<readonly string[]>
  /** The version of each object of usher: whatever is written changes it. */
  versions(): Promise<readonly string[]>
}

/** Starts it. */
export async function startInstallStage(t: Test): Promise<InstallStage> {
  // Services lead to their endpoints then, without anybody who routes their addresses.
  const server = await startApiServer(t, { flags: ['--enable-aggregator-routing=true'] })
  const shell = openShell(t, { tools: ['kubernetes', 'helm'], kubeconfig: server.kubeconfig })
  const controllers = startControllers(t, server, shell)
  const starting = (...args: readonly string[]): Running => start(t, args, { env: { KUBECONFIG: server.kubeconfig } })
  return {
    server,
    shell,
    controllers,
    start: starting,
    async install(...flags) {
      const running = starting('install', '--timeout', '120s', ...flags)
      await Promise.race([controllers.runWebhook(), running.ended])
      const { code } = await running.ended
      t.equal(code, 0, running.stdout() + running.stderr())
      return running.stdout()
    },
    async everything() {
      const kinds = (await shell.read('kubectl api-resources --verbs=list,delete -o name')).split('\n').filter((kind) => kind !== '' && !/^(?:events|leases)(?:\.|$)/.test(kind))
      return (await objects(shell, `${kinds.join(',')} --all-namespaces`)).map(signOf).toSorted()
    },
    async versions() {
      const kinds = 'namespaces,serviceaccounts,clusterroles,clusterrolebindings,roles,rolebindings,configmaps,services,networkpolicies,daemonsets,deployments,poddisruptionbudgets,mutatingwebhookconfigurations'
      return (await objects(shell, `${kinds} --all-namespaces -l app.kubernetes.io/name=usher`)).map((each) => `${signOf(each)} ${shown(objectAt(each, 'metadata')['resourceVersion'])}`)
    },
  }
}

async function objects({ read }: Shell, what: string): Promise<readonly JsonObject[]> {
  return listAt(parseObject(await read(`kubectl get ${what} -o json`)), 'items')
}

function signOf(object: JsonObject): string {
  const { namespace = '', name, labels, annotations } = objectAt(object, 'metadata')
  const marks = object['kind'] === 'Namespace' ? ` ${JSON.stringify([labels, annotations])}` : ''
  return `${shown(object['kind'])} ${shown(namespace)}/${shown(name)}${marks}`
}

/** What has become of each object, by its name. */
export function outcomes(stdout: string): Readonly<Record<string, string>> {
  const lines = stdout.split('\n').flatMap((line) => [...line.matchAll(/^(created|changed|unchanged|deleted) +([A-Z]\w+ [a-z-]+)(?: |,|$)/g)])
  return Object.fromEntries(lines.map(([, outcome = '', title = '']) => [title, outcome]))
}

/** Whether a command line has found nothing to change. */
export const isUnchanged = (output: Output): boolean => output.code === 0 && Object.values(outcomes(output.stdout)).length >= 16 && Object.values(outcomes(output.stdout)).every((each) => each === 'unchanged')
