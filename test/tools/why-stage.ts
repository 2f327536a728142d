import type { Test } from 'tap'
import { type ApiServer, startApiServer } from './api-server.ts'
import { playedWorkloads, type PlayedWorkloads } from './played-workloads.ts'
import { openShell, type Shell } from './shell.ts'

/** A cluster, and who explains what is in it. */
export interface WhyStage {
  readonly server: ApiServer
  readonly shell: Shell
  readonly played: PlayedWorkloads
  /** A namespace with its service account. */
  namespace(name: string): Promise<void>
}

/** Starts it. */
export async function startWhyStage(t: Test): Promise<WhyStage> {
  const server = await startApiServer(t)
  const shell = openShell(t, { tools: ['kubernetes', 'helm'], kubeconfig: server.kubeconfig })
  return {
    server,
    shell,
    played: playedWorkloads(server),
    namespace: async (name) => void (await shell.read(`kubectl create namespace ${name} && kubectl create serviceaccount default -n ${name}`)),
  }
}

/** Runs a line that explains, and gives what it says. */
export async function explain(t: Test, { shell }: WhyStage, line: string): Promise<string> {
  const { code, stdout, stderr } = await shell.run(line)
  t.equal(code, 0, stderr)
  t.notMatch(stderr, /\n {4}at /, 'no stack')
  return stdout
}
