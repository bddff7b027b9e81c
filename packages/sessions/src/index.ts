export * from './local-session-manager.ts';
export * from './port.ts';
