import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { writeImage } from '../../cluster/images/archive.ts'
import { run } from '../../cluster/run.ts'
import { findJdk, withoutJdk } from './jdk.ts'

/** The image of the application that the pods of the boot run. */
export const appImage = 'usher.local/jvm-app:1'

/** An image that was written. */
export interface AppImage {
  /** As the JDK that it was made with names itself: `javac 17.0.15`. */
  readonly java: string
}

const source = join(import.meta.dirname, 'app/WarmingServer.java')
// Its own, by jdeps, and what its compiler reads the runtime's classes with.
const modules = ['java.base', 'java.compiler', 'java.management', 'java.xml', 'jdk.compiler', 'jdk.httpserver', 'jdk.zipfs']
const runtimeAt = 'opt/java'

/**
 * Compiles the application, makes a runtime of the modules that it needs, and writes both as an image, from nothing else but
 * the libraries that they load.
 *
 * @throws where there is no JDK.
 */
export async function writeAppImage(file: string): Promise<AppImage> {
  const jdk = findJdk()
  if (jdk === undefined) throw new Error(withoutJdk)
  const root = mkdtempSync(join(tmpdir(), 'usher-jvm-image-'))
  try {
    const runtime = join(root, runtimeAt)
    mkdirSync(dirname(runtime), { recursive: true })
    mkdirSync(join(root, 'tmp'), { mode: 0o1777 })
    await run(join(jdk, 'bin/javac'), ['-Xlint:all', '-Werror', '-d', join(root, 'app'), source])
    await run(join(jdk, 'bin/jlink'), ['--add-modules', modules.join(','), '--no-header-files', '--no-man-pages', '--output', runtime])
    for (const library of await librariesOf(runtime)) cpSync(library, join(root, library), { recursive: true, dereference: true })
    const heap = ['-XX:MaxRAMPercentage=50', '-XX:+ExitOnOutOfMemoryError']
    await writeImage({ name: appImage, entrypoint: [`/${runtimeAt}/bin/java`, ...heap, '-cp', '/app', 'WarmingServer'], root }, file)
    return { java: (await run(join(jdk, 'bin/javac'), ['-version'])).trim() }
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

/** The libraries of this machine that a runtime loads, by the paths at which its loader looks for them. */
async function librariesOf(runtime: string): Promise<ReadonlySet<string>> {
  const own = readdirSync(join(runtime, 'lib'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.so'))
  const programs = [join(runtime, 'bin/java'), ...own.map((name) => join(runtime, 'lib', name))]
  const told = await run('env', [`LD_LIBRARY_PATH=${join(runtime, 'lib')}:${join(runtime, 'lib/server')}`, 'ldd', ...programs])
  const linked = Array.from(told.matchAll(/(?:=> |^\s+)(\/\S+) \(/gm), ([, path = '']) => path)
  return new Set(linked.filter((path) => !path.startsWith(runtime)))
}
