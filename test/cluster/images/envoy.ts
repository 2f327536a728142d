import { envoyBinary } from '../../envoy/envoy-binary.ts'
import { writeProgramImage } from './program.ts'

/** The image of Envoy that the tests run, with the program where Envoy's own images have it. */
export const envoyImage = 'usher.local/envoy:1'

/** Writes it. */
export function writeEnvoyImage(file: string): Promise<void> {
  return writeProgramImage({ name: envoyImage, from: envoyBinary(), to: '/usr/local/bin/envoy' }, file)
}
