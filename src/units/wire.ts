/**
 * The version of what usher's parts say to each other, and to those who wrote clients of their own: the paths of the
 * lock (`/v1/…`) and the status on a pod (`{"v":1,…}`). Parts of one version understand each other, whatever their
 * releases are. Images carry it as a label, the chart as an annotation.
 */
export const wireVersion = 1
