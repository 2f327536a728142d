import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { join } from 'node:path'
import { builtFolder } from '../go-tools/tool-folder.ts'
import { adminKubeconfig } from './folders.ts'
import { attempt, type Outcome, run } from './run.ts'
import type { ClusterVersion } from './versions.ts'

/** Runs kubectl as a cluster administrator, and gives its output; throws where it fails. */
export function kubectl(version: ClusterVersion, args: readonly string[], input?: string): Promise<string> {
  return run(kubectlPath(version), [...account, ...args], input)
}

/** As {@link kubectl}, for what may fail. */
export function tryKubectl(version: ClusterVersion, args: readonly string[], input?: string): Promise<Outcome> {
  return attempt(kubectlPath(version), [...account, ...args], input)
}

/** Runs kubectl in place of this command: with its input, output and signals. Gives its exit code. */
export function passToKubectl(version: ClusterVersion, args: readonly string[]): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const child = spawn(kubectlPath(version), args, { stdio: 'inherit', env: { ...process.env, KUBECONFIG: adminKubeconfig } })
  // A terminal tells both of an interrupt; it is kubectl that ends, and this after it.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))
  child.on('error', reject)
  child.on('close', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])))
  return promise
}

const account = ['--kubeconfig', adminKubeconfig]

function kubectlPath(version: ClusterVersion): string {
  return join(builtFolder(version.tools), 'kubectl')
}
