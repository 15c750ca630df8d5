/** Of the socket, in the run's folder. */
export const OPERATE_SOCKET = 'operate.sock';

/**
 * The socket by an open handle of its folder: a Unix socket's path has at most 107 bytes (unix(7)), and a run's folder
 * may have more.
 */
export const operateSocketPath = (folderHandle: number): string => `/proc/self/fd/${folderHandle}/${OPERATE_SOCKET}`;
