import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { Test } from 'tap'
import { launcher } from '../support/usher-process.ts'
import { within } from '../support/until.ts'
import { builtFolder } from '../go-tools/tool-folder.ts'
import type { GroupName } from '../go-tools/tool-groups.ts'

/** What a command line has said until its end. */
export interface Output {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A shell as a user has it: `usher` and the tools are on the PATH, and a home that is empty at first. */
export interface Shell {
  /** Runs a line as it stands in the documentation. A pipe fails where one of its commands fails. */
  run(line: string, stdin?: string): Promise<Output>
  /** As {@link run}; throws where the line fails. */
  read(line: string, stdin?: string): Promise<string>
}

// A line takes a second or two; this only tells it from a hang.
const patienceMs = 60_000

/** How a shell is made. */
export interface ShellOptions {
  /** The groups whose binaries are on the PATH. */
  readonly tools: readonly GroupName[]
  readonly kubeconfig?: string
}

/** Makes a shell, whose working directory is the folder of these tests. */
export function openShell(t: Test, { tools, kubeconfig }: ShellOptions): Shell {
  const home = mkdtempSync(join(tmpdir(), 'usher-shell-'))
  t.teardown(() => rmSync(home, { recursive: true, force: true }))
  const usher = join(home, 'usher')
  writeFileSync(usher, `#!/bin/sh\nexec ${quote(process.execPath)} ${quote(launcher)} "$@"\n`)
  chmodSync(usher, 0o755)
  // Before the machine's own, which may have other versions of them.
  const folders = [home, ...tools.map(builtFolder), process.env['PATH'] ?? '']
  // An environment of its own: no tool finds the configuration of whoever runs the tests.
  const env = { PATH: folders.join(delimiter), HOME: home, ...(kubeconfig === undefined ? {} : { KUBECONFIG: kubeconfig }) }

  async function run(line: string, stdin = ''): Promise<Output> {
    // A process group of its own, so that all commands of the line can be ended. As its input is a socket, bash takes
    // itself for a remote shell and would read its start-up files.
    const child = spawn('bash', ['--norc', '-o', 'pipefail', '-c', line], { cwd: import.meta.dirname, env, detached: true })
    const { promise: ended, resolve, reject } = Promise.withResolvers<Output>()
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk))
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
    child.on('error', reject)
    child.on('close', (code) => {
      process.off('exit', kill)
      resolve({ code, stdout, stderr })
    })
    // A line that does not read its input closes it.
    child.stdin.on('error', () => {})
    child.stdin.end(stdin)
    // Nor does a line outlive tests that are ended from outside.
    process.once('exit', kill)
    return within(patienceMs, line, ended).finally(kill)

    function kill(): void {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
      process.kill(-child.pid, 'SIGKILL')
    }
  }

  async function read(line: string, stdin?: string): Promise<string> {
    const { code, stdout, stderr } = await run(line, stdin)
    if (code !== 0) throw new Error(`${line} ended with ${code}: ${stderr}`)
    return stdout
  }

  return { run, read }
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}
