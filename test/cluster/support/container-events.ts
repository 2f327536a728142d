import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { isObject } from '../../../src/units/json.ts'
import { builtFolder } from '../../go-tools/tool-folder.ts'
import type { Owner } from '../../tools/local-process.ts'
import { recordedParts } from '../processes.ts'

/** When containers of a node began and ended, by their ids; milliseconds since 1970, as containerd tells. */
export interface ContainerTimes {
  readonly started: ReadonlyMap<string, number>
  readonly exited: ReadonlyMap<string, number>
}

/** Follows what containerd tells of the containers of a node, until the owner's end. */
export function followContainers(t: Owner, node = 'node-1'): ContainerTimes {
  const holder = recordedParts().find(({ name }) => name === `${node}/machine`)
  if (holder === undefined) throw new Error(`there is no node ${node}`)
  const ctr = [join(builtFolder('containerd'), 'ctr'), '--namespace', 'k8s.io', 'events']
  const child = spawn('nsenter', ['--target', String(holder.pid), '--mount', ...ctr], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => void child.kill('SIGKILL'))
  const started = new Map<string, number>()
  const exited = new Map<string, number>()
  createInterface(child.stdout).on('line', (line) => {
    // 2026-11-25 20:00:14.123456789 +0000 UTC k8s.io /tasks/exit {"container_id":"…","id":"…",…}
    const [, day, time, topic, text] = /^(\S+) (\d+:\d+:\d+\.\d+) \+0000 UTC \S+ (\S+) (\{.*\})$/.exec(line) ?? []
    const event: unknown = text === undefined ? undefined : JSON.parse(text)
    const id = isObject(event) ? event['container_id'] : undefined
    if (typeof id !== 'string' || !isObject(event)) return
    const at = Date.parse(`${day}T${time?.slice(0, 12)}Z`)
    if (topic === '/tasks/start') started.set(id, at)
    // Of its first process, not of one that was run in it.
    if (topic === '/tasks/exit' && event['id'] === id) exited.set(id, at)
  })
  return { started, exited }
}
