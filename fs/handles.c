#include "fs/handles.h"

#include <stddef.h>

void handles_init(struct handles *handles)
{
	handles->first = NULL;
	pthread_mutex_init(&handles->mutex, NULL);
}

void handles_add(struct handles *handles, struct open_handle *handle)
{
	pthread_mutex_lock(&handles->mutex);
	handle->next = handles->first;
	handle->link = &handles->first;
	if (handle->next)
		handle->next->link = &handle->next;
	handles->first = handle;
	pthread_mutex_unlock(&handles->mutex);
}

void handles_remove(struct handles *handles, struct open_handle *handle)
{
	pthread_mutex_lock(&handles->mutex);
	*handle->link = handle->next;
	if (handle->next)
		handle->next->link = handle->link;
	pthread_mutex_unlock(&handles->mutex);
}

void handles_release(struct handles *handles, struct view *view)
{
	while (handles->first)
		handles->first->free(view, handles->first);
	pthread_mutex_destroy(&handles->mutex);
}
