import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { attempt } from '../run.ts'

const mebibyte = 1_048_576

/**
 * Lets memory run out in the cgroup of a process, so that the kernel kills it, as it does where a container takes more than its
 * limit. The process was chosen beforehand: who takes the memory is another one, which ends by itself.
 */
export async function runOutOfMemory(pid: number): Promise<void> {
  const cgroup = memoryCgroup(pid)
  const limit = Number(readFileSync(['memory.limit_in_bytes', 'memory.max'].map((name) => `${cgroup}/${name}`).find((file) => existsSync(file)) ?? '', 'utf8'))
  if (!(limit < 1_024 * mebibyte)) throw new Error(`process ${pid} has no memory limit that could be reached`)
  writeFileSync(`/proc/${pid}/oom_score_adj`, '1000')
  const hog = `
    const kept = []
    const isThere = () => require('node:fs').existsSync('/proc/${pid}')
    for (let taken = 0; taken < ${limit + 64 * mebibyte} && isThere(); taken += ${mebibyte}) kept.push(Buffer.alloc(${mebibyte}, 1))
  `
  await attempt('/bin/sh', ['-c', 'echo $$ > "$1/cgroup.procs" && exec "$2" -e "$3"', 'sh', cgroup, process.execPath, hog])
  if (existsSync(`/proc/${pid}`)) throw new Error(`process ${pid} has outlived its memory`)
}

/** The folder of the cgroup that limits a process's memory. */
function memoryCgroup(pid: number): string {
  // 4:memory:/usher-cluster/node-1/pods/…  or, with version 2 alone, 0::/usher-cluster/…
  const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8').split('\n')
  const old = lines.map((line) => /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/.exec(line)?.[1]).find((path) => path !== undefined)
  return old === undefined ? `/sys/fs/cgroup${lines.find((line) => line.startsWith('0::'))?.slice(3) ?? ''}` : `/sys/fs/cgroup/memory${old}`
}
