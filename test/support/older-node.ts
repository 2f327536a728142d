import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The first Node of PATH that is not one of npm's; what people start usher with. */
export function nodeOfTheMachine(): { readonly path: string; readonly major: number } | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, 'node')
    if (folder === '' || folder.includes('node_modules') || !existsSync(path)) continue
    const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8', env: { PATH: process.env['PATH'] } })
    const major = Number(/^v(\d+)\./.exec(stdout)?.[1])
    if (major > 0) return { path, major }
  }
  return undefined
}
