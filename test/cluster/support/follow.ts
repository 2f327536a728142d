import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import type { Test } from 'tap'
import { builtFolder } from '../../go-tools/tool-folder.ts'
import { theCluster } from '../cluster-file.ts'
import { adminKubeconfig } from '../folders.ts'

/** A line of what is followed, and when it was seen here: never before it was true there. */
export interface Line {
  readonly at: number
  readonly text: string
}

/** Runs a kubectl that goes on (`logs --follow`, `get --watch`), to the end of the test at the latest. Gives the lines so far. */
export function follow(t: Test, ...args: readonly string[]): readonly Line[] {
  const kubectl = join(builtFolder(theCluster().version.tools), 'kubectl')
  const child = spawn(kubectl, ['--kubeconfig', adminKubeconfig, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => void child.kill('SIGKILL'))
  const lines: Line[] = []
  createInterface(child.stdout).on('line', (text) => lines.push({ at: Date.now(), text }))
  return lines
}
