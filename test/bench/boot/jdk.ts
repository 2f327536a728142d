import { existsSync, realpathSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'

/**
 * Finds this machine's JDK, by `JAVA_HOME` or by the javac of the path; undefined: there is none that can make a runtime
 * of its own (jlink with the modules, which a runtime alone does not have).
 */
export function findJdk(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const fromPath = (env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'javac')).find((file) => existsSync(file))
  const homes = [env['JAVA_HOME'], fromPath === undefined ? undefined : dirname(dirname(realpathSync(fromPath)))]
  return homes.find((home): home is string => home !== undefined && needed.every((file) => existsSync(join(home, file))))
}

/** What to do where there is none. */
export const withoutJdk = 'there is no JDK on this machine: install the package openjdk-17-jdk-headless of Debian, or set JAVA_HOME'

const needed = ['bin/javac', 'bin/jlink', 'jmods/java.base.jmod']
